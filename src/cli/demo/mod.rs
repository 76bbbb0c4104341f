//! `demo`: a ledger for trying out, with everything made for you.

mod disputes;
mod mirrors;
pub(super) mod places;
pub(super) mod report;
mod scenario;
pub(super) mod story;
pub(super) mod visit;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use self::mirrors::Place;
use super::client::Client;
use super::mirror::Mirroring;
use super::own_keys::read_keys;
use super::player::Player;
use super::serve::{LogFormat, Running, Signals, settings, start_logging};
use super::store::{default_data_dir, fit, start_cluster};
use super::terms_init::{self, Keys};
use super::{files, keygen, token};
use crate::author;
use crate::note::{KeyKind, Signer};
use crate::service::clock::Clock;
use crate::service::ledger::Ledger;
use crate::store::Address;
use crate::store::cluster::{Cluster, ClusterRole};
use crate::store::token::Reading;
use crate::treaty::party::{Party, Slot};
use crate::treaty::past::Past;

/// The name of the demonstration's log.
const ORIGIN: &str = "demonstration.countersign.example/bilateral";

/// Runs a ledger for trying out. It starts a private PostgreSQL in the data directory, makes keys for both Parties and
/// both hosts, and plays, through the public API, the first year of the agreement: terms, consents, designations and
/// declarations, eight inspections, what goes with them, and what the two sides dispute; then it serves. Everything in it says that it is a
/// demonstration.
///
/// Started again on the same data directory it plays nothing and serves what is there. Ctrl-C ends it and leaves no
/// process behind; remove the data directory to begin anew.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The data directory
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_DEMO_DIR", default_value_os_t = default_data_dir().join("demo"))]
    data_dir: PathBuf,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8440")]
    listen: SocketAddr,
    /// The year in which it plays; the last one in which everything is over by now, if not given
    #[arg(long)]
    year: Option<i32>,
    /// Never fetch PostgreSQL's programs, where this machine has none
    #[arg(long)]
    no_download: bool,
}

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(LogFormat::Text);
    super::block_on(demo(arguments))
}

async fn demo(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let scene = Scene { folder: arguments.data_dir.clone() };
    let (database, is_new) = scene.database()?;
    let cluster = start_cluster(&scene.folder, !arguments.no_download, &database).await?;
    let address = cluster.options(ClusterRole::Runtime, &database);
    fit(&address).await?;
    if is_new {
        scene.play(&address, &arguments).await?.stop().await;
    }
    let places = Place::all().await?;
    let mut settings = scene.settings(&address, Clock::System)?;
    settings.cosigning.cosigners = places.iter().map(Place::cosigner).collect::<Result<_, _>>()?;
    let running = Running::start(arguments.listen, settings).await?;
    let url = format!("http://{}", running.address);
    let mut mirrors = Vec::with_capacity(places.len());
    for place in places {
        mirrors.push(place.start(&scene, (&cluster, &database), &url).await?);
    }
    let published = running.ledger.now();
    running.ledger.cosigned.wait(published.size().saturating_sub(1), &published.replica).await;
    scene.announce(&running, &mirrors)?;
    println!("{}", scene.welcome(&running)?);
    signals.wait().await;
    for mirror in mirrors {
        mirror.stop().await;
    }
    running.stop().await;
    stop(cluster)?;
    Ok(ExitCode::SUCCESS)
}

/// Stops the cluster, also one that an earlier, killed start left running: a demonstration leaves no process behind.
fn stop(cluster: Cluster) -> anyhow::Result<()> {
    Ok(cluster.stop_even_if_found()?)
}

/// The files of a demonstration.
struct Scene {
    folder: PathBuf,
}

impl Scene {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of a key.
    fn key(&self, name: &str) -> PathBuf {
        self.path("keys").join(files::stem(name)).with_added_extension("key")
    }

    /// The name of the database, and whether there is something to play. A start that was killed while it played left
    /// no `demo.json`; the next one begins anew, in another database.
    fn database(&self) -> anyhow::Result<(String, bool)> {
        let path = self.path("database");
        if self.path("demo.json").exists() {
            let made = mirrors::PARTIES.into_iter().flat_map(mirrors::keys).all(|key| self.key(&key).exists());
            anyhow::ensure!(
                made,
                "the demonstration in {0} was made by an earlier version; remove {0}, or name another --data-dir",
                self.folder.display()
            );
            return Ok((files::read_text(&path)?.trim().to_owned(), false));
        }
        let database = format!("demo_{}", Clock::System.unix_duration().as_millis());
        std::fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        for leftover in ["keys", "tokens", "mirrors"] {
            let _ = std::fs::remove_dir_all(self.path(leftover));
        }
        for leftover in ["heads", "trust", "database"] {
            let _ = std::fs::remove_file(self.path(leftover));
        }
        files::write_new(&path, format!("{database}\n").as_bytes(), 0o600)?;
        Ok((database, true))
    }

    fn settings(&self, address: &Address, clock: Clock) -> anyhow::Result<crate::service::ledger::Settings> {
        let keys = read_keys(&[self.key(ORIGIN)], &[self.key(&format!("{ORIGIN}/clerk"))])?;
        Ok(settings(address, &self.folder, keys, clock))
    }

    /// Makes the keys, begins the log, and plays through the public API with a scripted clock.
    async fn play(&self, address: &Address, arguments: &Arguments) -> anyhow::Result<Running> {
        let begins = scenario::begins(arguments.year, Clock::System.now())?;
        let clock = Clock::scripted(begins);
        let keys = self.keys()?;
        let known = Keys::of(keys.iter().map(|key| key.verifier().clone()));
        let mut terms = terms_init::draft(ORIGIN, &known, true, true, &clock)?;
        terms.body["quorum"] = terms_init::both_mirrors();
        let roots: Vec<&Signer> =
            keys.iter().filter(|key| terms.signers.iter().any(|name| name == key.verifier().name())).collect();
        let note = author::sign(&terms.text(ORIGIN), &roots)?;
        let trust = Ledger::create(&self.settings(address, clock.clone())?, note.as_bytes()).await?;
        files::write_new(&self.path("trust"), format!("{trust}\n").as_bytes(), 0o644)?;
        let running = Running::start(arguments.listen, self.settings(address, clock.clone())?).await?;
        self.tokens(&running).await?;
        let url = format!("http://{}", running.address);
        let script = clock.clone();
        let played = tokio::task::spawn_blocking(move || {
            let mut player = Player::new(Client::new(&url, None), script.clone())?;
            for key in keys {
                let written = u64::from(key.verifier().name().starts_with("US/root/"));
                player.hold(key, written);
            }
            scenario::play(&mut player, &script)
        });
        played.await.context("the scenario was interrupted")??;
        Ok(running)
    }

    /// Every key of the demonstration, in files as `keygen` writes them, with PEM for `openssl`.
    fn keys(&self) -> anyhow::Result<Vec<Signer>> {
        let mut keys = vec![
            keygen::new_key(ORIGIN, KeyKind::Ed25519)?,
            keygen::new_key(&format!("{ORIGIN}/clerk"), KeyKind::Countersign)?,
        ];
        for party in Party::ALL {
            for role in ["root/1", "recovery/1", story::centre(*party)] {
                keys.push(keygen::new_key(&format!("{party}/{role}"), KeyKind::Ed25519)?);
            }
        }
        for name in scenario::PEOPLE {
            keys.push(keygen::new_key(name, KeyKind::Ed25519)?);
        }
        for party in mirrors::PARTIES {
            let [mirror, window] = mirrors::keys(party);
            keys.push(keygen::new_key(&mirror, KeyKind::Cosignature)?);
            keys.push(keygen::new_key(&window, KeyKind::Ed25519)?);
        }
        for key in &keys {
            files::write_key(&self.path("keys"), key, true)?;
        }
        Ok(keys)
    }

    /// A token for every kind of reader.
    async fn tokens(&self, running: &Running) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.path("tokens"))?;
        let readers = [
            (Party::Us, Reading::Party),
            (Party::Us, Reading::Auditor),
            (Party::Ru, Reading::Party),
            (Party::Ru, Reading::Auditor),
            (Party::Ro, Reading::Host),
            (Party::Pl, Reading::Host),
        ];
        for (party, role) in readers {
            let token = token::create(&running.ledger.reader, party, role, "demonstration").await?;
            files::write_new(&self.path(&format!("tokens/{party}-{role}")), format!("{token}\n").as_bytes(), 0o600)?;
        }
        Ok(())
    }

    fn token(&self) -> anyhow::Result<String> {
        Ok(files::read_text(&self.path("tokens/RU-party"))?.trim().to_owned())
    }

    /// Writes `demo.json`: what a program needs to begin.
    fn announce(&self, running: &Running, mirrors: &[Mirroring]) -> anyhow::Result<()> {
        let url = format!("http://{}", running.address);
        let mirrors: Vec<String> = mirrors.iter().map(|mirror| format!("http://{}", mirror.address)).collect();
        let about = json!({
            "url": url,
            "link": format!("{url}/v1/log"),
            "token": self.token()?,
            "mirrors": mirrors,
            "origin": running.ledger.trust.origin,
            "trust": running.ledger.trust.to_string(),
        });
        let (path, partial) = (self.path("demo.json"), self.path("demo.json.partial"));
        let _ = std::fs::remove_file(&partial);
        files::write_new(&partial, format!("{about:#}\n").as_bytes(), 0o600)?;
        std::fs::rename(&partial, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What to try.
    fn welcome(&self, running: &Running) -> anyhow::Result<String> {
        let example = example(running);
        let about: Value = serde_json::from_str(&files::read_text(&self.path("demo.json"))?)?;
        let text = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
        let (url, token, folder) = (text("url"), text("token"), shown(&self.folder));
        let program = std::env::current_exe().map_or_else(|_| "countersign".to_owned(), |path| shown(&path));
        Ok(format!(
            "\nA DEMONSTRATION: nothing in this ledger was said by any state.\n\n  \
             link   {}\n  token  {token}\n  trust  {folder}/trust\n\n{}\n\nFor the shell:\n  \
             export URL={url} TOKEN={token} DEMO={folder}\n\nTry:\n  \
             curl -s $URL/v1/sites -H \"Authorization: Bearer $TOKEN\"\n  \
             curl -s $URL/v1/log/cosigners\n  \
             curl -s $URL/v1/records/{example}/bundle -H \"Authorization: Bearer $TOKEN\" -o bundle.json\n  \
             {program} verify bundle.json --trust $DEMO/trust\n\nCtrl-C ends it.",
            text("link"),
            finality(running),
        ))
    }
}

/// How much both Parties' mirrors have cosigned.
fn finality(running: &Running) -> String {
    let (size, last) = (running.ledger.now().size(), running.ledger.cosigned.lines.load().last_final());
    format!("A mirror of each Party runs beside it: {} of {size} entries are final.", last.unwrap_or(0))
}

/// The index of the first declaration of A1, for an example.
fn example(running: &Running) -> u64 {
    let published = running.ledger.now();
    let past = Past::of(published.replica.register(), published.size());
    let slot = Slot::parse("A1");
    slot.and_then(|slot| past.data(slot).find(|data| data.is_declaration).map(|data| data.index)).unwrap_or_default()
}

fn shown(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
