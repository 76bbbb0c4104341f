//! The database of a command: the one that is given, or a private cluster in the data directory.
//!
//! Deliberately absent: SQL.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::store::cluster::{Cluster, ClusterOptions, ClusterRole};
use crate::store::{Address, address, runtime};

/// The name of the ledger's database in a private cluster.
pub const DATABASE: &str = "countersign";

/// Where the ledger is kept.
#[derive(Clone, Debug, Args)]
pub struct StoreArguments {
    /// A Postgres database, as a role that is granted `countersign_runtime`. Without it, a private cluster in the data
    /// directory is used, and started if need be
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The data directory
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_DATA_DIR", default_value_os_t = default_data_dir())]
    pub data_dir: PathBuf,
    /// Never fetch PostgreSQL's programs, where this machine has none
    #[arg(long)]
    pub no_download: bool,
}

/// A database that is fit to hold a ledger.
pub struct Opened {
    /// How to reach it, as the runtime role.
    pub address: Address,
    /// The private cluster, where that is what it is.
    pub cluster: Option<Cluster>,
}

impl StoreArguments {
    /// Finds or starts the database, and makes sure that it is fit.
    pub async fn open(&self) -> anyhow::Result<Opened> {
        match &self.database_url {
            Some(url) => {
                let address = address(url)?;
                fit(&address).await?;
                Ok(Opened { address, cluster: None })
            }
            None => {
                let cluster = start_cluster(&self.data_dir, !self.no_download, DATABASE).await?;
                let address = cluster.options(ClusterRole::Runtime, DATABASE);
                fit(&address).await?;
                Ok(Opened { address, cluster: Some(cluster) })
            }
        }
    }
}

/// Starts the private cluster below a data directory, with this database in it.
pub async fn start_cluster(data_dir: &Path, download: bool, database: &str) -> anyhow::Result<Cluster> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    let options = ClusterOptions { download, volatile: false };
    let cluster = Cluster::start(&data_dir.join("postgres"), options, &mut |what| eprintln!("{what} …"))?;
    cluster.ensure_database(database).await?;
    Ok(cluster)
}

/// Refuses a database that could lose what it was given, or that the ledger could change.
pub async fn fit(address: &Address) -> anyhow::Result<()> {
    let unfit = runtime::check(address).await?;
    if unfit.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = unfit.iter().map(|unfit| format!("\n  {unfit}")).collect();
    bail!("the ledger cannot be served from this database:{}", reasons.concat())
}

/// Where data goes if nobody says.
pub fn default_data_dir() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/countersign");
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    base.unwrap_or_else(std::env::temp_dir).join("countersign")
}
