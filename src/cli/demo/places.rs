//! The four sites of a demonstration, and what is declared there.
//!
//! The facts are public and approximate: 24 cells in three modules at each Aegis Ashore site, launchers with two or four
//! canisters at the bases.
//!
//! Deliberately absent: anything that is not public.

use serde_json::{Value, json};

use super::story::text;
use crate::hash::Hash;

/// The four designations. The points are for finding a place on a map.
pub fn sites() -> [Value; 4] {
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
    let kamyshlov = ["Missile brigade at Kamyshlov", "Ракетная бригада, Камышлов"];
    [
        site("A1", "RO-DEV", deveselu, 440_800_000, 244_100_000, 5_000),
        site("A2", "PL-RED", redzikowo, 544_800_000, 171_000_000, 5_000),
        site("B1", "RU-SHU", ["Missile brigade at Shuya", "Ракетная бригада, Шуя"], 568_600_000, 413_900_000, 20_000),
        site("B2", "RU-KAM", kamyshlov, 568_465_000, 627_120_000, 20_000),
    ]
}

/// The first drawing of a site. The file itself does not exist.
pub fn diagram(slot: &str) -> Value {
    let buildings: &[&str] = match slot {
        "A1" | "A2" => &["Deckhouse", "Launcher modules M1 to M3", "Storage", "Support building"],
        _ => &["Garage 1", "Garage 2", "Store 1", "Technical building"],
    };
    json!({
        "slot": slot,
        "version": 1,
        "file": {
            "sha256": Hash::of(format!("demonstration: diagram of {slot}").as_bytes()).to_string(),
            "bytes": 184_320,
            "media_type": "application/pdf",
        },
        "buildings": buildings,
    })
}

/// The cells of an Aegis Ashore site: three modules of eight.
pub fn cells() -> impl Iterator<Item = (&'static str, u32)> {
    ["M1", "M2", "M3"].into_iter().flat_map(|module| (1..=8).map(move |cell| (module, cell)))
}

/// The interceptor in every cell of a site.
pub fn interceptor(slot: &str) -> &'static str {
    if slot == "A1" { "SM-3 Block IB" } else { "SM-3 Block IIA" }
}

/// What is declared at a site.
pub fn declaration(slot: &str) -> Value {
    match slot {
        "A1" | "A2" => aegis(slot),
        _ => base(slot),
    }
}

/// An Aegis Ashore site: 24 cells in three modules of eight, an interceptor in each.
fn aegis(slot: &str) -> Value {
    let modules = ["M1", "M2", "M3"];
    let launchers: Vec<Value> =
        modules.iter().map(|id| json!({ "id": id, "type": "Mk 41 VLS module", "cells": 8 })).collect();
    let items: Vec<Value> = cells()
        .map(|(module, cell)| {
            json!({
                "uid": format!("{slot}-{module}-{cell}"), "type": interceptor(slot),
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
        "absent": [{ "type": "9P78-1 launcher, two canisters", "reason": text("On exercise", "На учениях") }],
        "personnel": 600,
    })
}
