//! The mirrors of a demonstration: one of each Party, each with a database and keys of its own.
//!
//! They run in the demonstration's process and on its private PostgreSQL, so that one command shows what a record that
//! both Parties have cosigned is. In earnest each runs on its Party's own machines; nothing here is shared that could not
//! be apart.
//!
//! Invariants: a mirror reaches the ledger only through its public address, as a holder of a token.
//!
//! Deliberately absent: mirrors while the story is played. Its clock leaps, and a mirror believes its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::super::files;
use super::super::mirror::{Copying, Mirroring, complete};
use super::super::store::fit;
use super::super::token;
use super::Scene;
use crate::mirror::load;
use crate::mirror::origin::Origin;
use crate::service::clock::Clock;
use crate::service::cosigned::config::CosignerAt;
use crate::service::window::Window;
use crate::store::cluster::{Cluster, ClusterRole};
use crate::store::token::Reading;
use crate::treaty::party::Party;

/// Who has a mirror.
pub const PARTIES: [Party; 2] = [Party::Us, Party::Ru];
/// How often a mirror looks at the ledger.
const EVERY: Duration = Duration::from_secs(1);

/// The names of a mirror's keys: the one that cosigns, and that of its window.
pub fn keys(party: Party) -> [String; 2] {
    [format!("{party}/mirror/1"), format!("{party}/window/1")]
}

/// The place of a mirror that does not run yet.
pub struct Place {
    party: Party,
    listener: TcpListener,
}

impl Place {
    /// A place for the mirror of each Party, on ports of the loopback.
    pub async fn all() -> anyhow::Result<Vec<Place>> {
        let mut places = Vec::with_capacity(PARTIES.len());
        for party in PARTIES {
            let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback")?;
            places.push(Place { party, listener });
        }
        Ok(places)
    }

    /// The cosigner at this place, as the ledger knows it.
    pub fn cosigner(&self) -> anyhow::Result<CosignerAt> {
        let [key, _] = keys(self.party);
        Ok(format!("{key}=http://{}", self.listener.local_addr()?).parse()?)
    }

    /// Copies the ledger at `url`, and then follows it, cosigns and listens.
    pub async fn start(
        self,
        scene: &Scene,
        (cluster, database): (&Cluster, &str),
        url: &str,
    ) -> anyhow::Result<Mirroring> {
        let (folder, trust) =
            (scene.path(&format!("mirrors/{}", self.party)), files::read_trust(&scene.path("trust"))?);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let database = format!("{database}_{}", self.party.as_str().to_ascii_lowercase());
        cluster.ensure_database(&database).await?;
        let store = cluster.options(ClusterRole::Runtime, &database);
        fit(&store).await?;
        let read = files::read_text(&scene.path(&format!("tokens/{}-party", self.party)))?;
        let origin = Origin::new(url, read.trim());
        let (clock, at) = (Clock::System, folder.clone());
        let follower =
            load::open(load::Settings { origin, trust: trust.clone(), store: store.clone(), folder: at, clock });
        let mirror = complete(follower.await?, EVERY).await?;
        let remembers = folder.join("cosigned");
        let [key, window] = keys(self.party).map(|name| scene.key(&name));
        let cosigner = mirror.cosigner(files::read_signer(&key)?, &remembers, !remembers.exists())?;
        let window = Window::start(&folder.join("lodged"), files::read_signer(&window)?, &trust.origin, url)?;
        let window = Some(Arc::new(window));
        let mirroring =
            Mirroring::start(Copying { mirror, cosigner, window, store, trust, every: EVERY }, self.listener)?;
        self::token(&mirroring, &folder, self.party).await?;
        Ok(mirroring)
    }
}

/// A mirror has tokens of its own: one that reads everything.
async fn token(mirroring: &Mirroring, folder: &Path, party: Party) -> anyhow::Result<()> {
    let path = folder.join("token");
    if !path.exists() {
        let token = token::create(&mirroring.ledger.reader, party, Reading::Party, "demonstration").await?;
        files::write_new(&path, format!("{token}\n").as_bytes(), 0o600)?;
    }
    Ok(())
}
