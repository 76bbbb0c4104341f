//! What a demonstration plays: the first weeks of an agreement that was never made.
//!
//! The facts about the sites are public and approximate (24 cells in three modules at each Aegis Ashore site; launchers
//! with two or four canisters at the bases); the records say of themselves that they are a demonstration.
//!
//! Deliberately absent: anything but [`Player`], who writes as any client does.

use anyhow::Context as _;
use chrono::Datelike as _;
use serde_json::{Value, json};

use super::super::player::{Player, Statement};
use crate::service::clock::Clock;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// How long the scenario lasts, with a day to spare.
const LASTS: i64 = 30 * DAY;

/// When the scenario begins: 5 January, 09:00 UTC, of the year given, or of the last one in which it is over by now.
pub fn begins(year: Option<i32>, now: Instant) -> anyhow::Result<Instant> {
    let this_year = chrono::DateTime::from_timestamp(now.seconds(), 0).map_or(1970, |now| now.year());
    let begin = |year: i32| Instant::parse(&format!("{year:04}-01-05T09:00:00Z"));
    let over = |begin: &Instant| begin.seconds() + LASTS < now.seconds();
    if let Some(year) = year {
        let wanted = begin(year).filter(over);
        return wanted
            .with_context(|| format!("the scenario would not be over by now in {year}; give an earlier --year"));
    }
    let newest = begin(this_year).filter(over).or_else(|| begin(this_year - 1));
    newest.context("the clock of this machine is wrong")
}

/// The label of a state's centre.
pub const fn centre(party: Party) -> &'static str {
    match party {
        Party::Us => "centre/washington",
        Party::Ru => "centre/moscow",
        Party::Ro => "centre/bucharest",
        Party::Pl => "centre/warsaw",
    }
}

/// The name of a state's centre's key.
fn centre_of(party: Party) -> String {
    format!("{party}/{}", centre(party))
}

/// Writes everything, in order.
pub fn play(player: &mut Player, clock: &Clock) -> anyhow::Result<()> {
    let mut now = clock.now().seconds();
    let mut later = |by: i64| {
        now += by;
        if let Some(at) = Instant::from_seconds(now) {
            clock.set(at);
        }
    };
    for &party in Party::ALL {
        later(2 * HOUR);
        register(player, party)?;
    }
    for (host, slot) in [(Party::Ro, "A1"), (Party::Pl, "A2")] {
        later(DAY);
        say(player, Kind::HostConsent, host, json!({ "scope": "standing", "slot": slot, "action": "give" }))?;
    }
    for site in sites() {
        later(DAY);
        say(player, Kind::Designation, Party::Us, site)?;
    }
    for (party, declaration) in [
        (Party::Us, aegis("A1", "SM-3 Block IB")),
        (Party::Us, aegis("A2", "SM-3 Block IIA")),
        (Party::Ru, base("B1")),
        (Party::Ru, base("B2")),
    ] {
        later(5 * DAY + 90 * 60);
        say(player, Kind::Declaration, party, declaration)?;
    }
    Ok(())
}

fn say(player: &mut Player, kind: Kind, party: Party, body: Value) -> anyhow::Result<()> {
    let signer = centre_of(party);
    player.say(Statement { kind, signers: &[&signer], refs: Vec::new(), body })?;
    Ok(())
}

fn register(player: &mut Player, party: Party) -> anyhow::Result<()> {
    let (root, name) = (format!("{party}/root/1"), centre_of(party));
    let vkey = player.vkey(&name)?;
    let body = json!({
        "vkey": vkey,
        "name": name,
        "role": "centre",
        "office": { "en": "National centre (demonstration)", "ru": "Национальный центр (демонстрация)" },
    });
    player.say(Statement { kind: Kind::KeyRegistration, signers: &[&root, &name], refs: Vec::new(), body })?;
    Ok(())
}

/// The four designations. The points are for finding a place on a map.
fn sites() -> [Value; 4] {
    let site = |slot: &str, site: &str, names: [&str; 2], lat_e7: i64, lon_e7: i64, accuracy_m: i64| {
        json!({
            "slot": slot, "site": site, "action": "designate",
            "name": { "en": names[0], "ru": names[1] },
            "lat_e7": lat_e7, "lon_e7": lon_e7, "accuracy_m": accuracy_m,
            "source": "public sources, approximate (demonstration)",
        })
    };
    let deveselu = ["Naval Support Facility Deveselu", "Объект ВМС США Девеселу"];
    let redzikowo = ["Naval Support Facility Redzikowo", "Объект ВМС США Редзиково"];
    [
        site("A1", "RO-DEV", deveselu, 440_800_000, 244_100_000, 5_000),
        site("A2", "PL-RED", redzikowo, 544_800_000, 171_000_000, 5_000),
        site("B1", "RU-SHU", ["Missile brigade at Shuya", "Ракетная бригада, Шуя"], 568_600_000, 413_900_000, 20_000),
        site(
            "B2",
            "RU-KAM",
            ["Missile brigade at Kamyshlov", "Ракетная бригада, Камышлов"],
            568_465_000,
            627_120_000,
            20_000,
        ),
    ]
}

/// An Aegis Ashore site: 24 cells in three modules of eight, an interceptor in each.
fn aegis(slot: &str, interceptor: &str) -> Value {
    let modules = ["M1", "M2", "M3"];
    let launchers: Vec<Value> =
        modules.iter().map(|id| json!({ "id": id, "type": "Mk 41 VLS module", "cells": 8 })).collect();
    let cells = modules.iter().flat_map(|module| (1..=8).map(move |cell| (module, cell)));
    let items: Vec<Value> = cells
        .map(|(module, cell)| {
            json!({
                "uid": format!("{slot}-{module}-{cell}"), "type": interceptor,
                "location": format!("{module}/{cell}"), "count": 1,
            })
        })
        .collect();
    json!({ "slot": slot, "launchers": launchers, "items": items, "absent": [], "personnel": 100 })
}

/// A base with launchers of two kinds: two canisters for the 9M728, four for the 9M729.
fn base(slot: &str) -> Value {
    let launcher = |id: &str, kind: &str, cells: u32| json!({ "id": id, "type": kind, "cells": cells });
    let launchers = [
        launcher("L1", "9P78-1 launcher, two canisters", 2),
        launcher("L2", "9P78-1 launcher, two canisters", 2),
        launcher("L3", "9P701 launcher, four canisters", 4),
        launcher("L4", "9P701 launcher, four canisters", 4),
    ];
    let stored = |uid: &str, kind: &str, count: u32| json!({ "uid": format!("{slot}-{uid}"), "type": kind, "location": "store-1", "count": count });
    json!({
        "slot": slot,
        "launchers": launchers,
        "items": [stored("S1", "9M728", 8), stored("S2", "9M729", 8)],
        "absent": [{
            "type": "9P78-1 launcher, two canisters",
            "reason": { "en": "On exercise (demonstration)", "ru": "На учениях (демонстрация)" },
        }],
        "personnel": 600,
    })
}
