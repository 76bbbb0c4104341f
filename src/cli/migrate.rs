//! `migrate`: brings a database up to date.

use std::process::ExitCode;

use clap::Args;

use crate::store::{address, migrate};

/// Makes the ledger's schema and its three roles in a Postgres database, or brings them up to date. Run it as the
/// database's owner or a superuser; `serve` runs as a role that is granted `countersign_runtime` and refuses any other.
/// Running it again changes nothing. A private cluster needs no `migrate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The database, as its owner
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let address = address(&arguments.database_url)?;
    super::block_on(async {
        migrate::migrate(&address).await?;
        eprintln!("The database is up to date.");
        Ok(ExitCode::SUCCESS)
    })
}
