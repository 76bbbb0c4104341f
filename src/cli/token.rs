//! `token`: who may read.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::store::{Opened, StoreArguments};
use crate::hash::{Hash, hex};
use crate::store::read::{Reader, pool};
use crate::store::token::Reading;
use crate::treaty::party::Party;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token; it is shown once
    Create(Create),
    /// List every token that was ever made, without the tokens themselves
    List(List),
    /// Revoke the tokens with a label
    Revoke(Revoke),
}

/// Makes a token with which somebody may read. It is printed once and kept only as a hash. A token never writes: only
/// signatures do.
#[derive(Debug, Args)]
pub struct Create {
    #[command(flatten)]
    store: StoreArguments,
    /// The state: US, RU, RO or PL
    #[arg(long, value_parser = party)]
    party: Party,
    /// What it is for: party, host or auditor
    #[arg(long, value_parser = role)]
    role: Reading,
    /// For whom, for your own list
    #[arg(long, default_value = "unnamed")]
    label: String,
}

/// Lists every token that was ever made.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    store: StoreArguments,
}

/// Revokes the tokens with a label, at once and for good.
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    store: StoreArguments,
    /// The label
    label: String,
}

fn party(text: &str) -> Result<Party, String> {
    Party::from_word(text).ok_or_else(|| "one of US, RU, RO, PL".to_owned())
}

fn role(text: &str) -> Result<Reading, String> {
    Reading::from_word(text).ok_or_else(|| "one of party, host, auditor".to_owned())
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    super::block_on(async {
        match command {
            Command::Create(arguments) => {
                let opened = arguments.store.open().await?;
                let token = create(&reader(&opened), arguments.party, arguments.role, &arguments.label).await?;
                println!("{token}");
                eprintln!("Keep it: it is not shown again.");
                close(opened)
            }
            Command::List(arguments) => {
                let opened = arguments.store.open().await?;
                for token in reader(&opened).tokens().await? {
                    let state = token.revoked_at.map_or_else(|| "in force".to_owned(), |at| format!("revoked {at}"));
                    println!("{}\t{}\t{}\t{}\t{state}", token.label, token.party, token.role, token.created_at);
                }
                close(opened)
            }
            Command::Revoke(arguments) => {
                let opened = arguments.store.open().await?;
                let revoked = reader(&opened).revoke_tokens(&arguments.label).await?;
                close(opened)?;
                if revoked == 0 {
                    bail!("no token in force has the label {}; see `countersign token list`", arguments.label);
                }
                eprintln!("Revoked: {revoked}.");
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

fn reader(opened: &Opened) -> Reader {
    Reader::new(pool(opened.address.clone(), 1))
}

fn close(opened: Opened) -> anyhow::Result<ExitCode> {
    if let Some(cluster) = opened.cluster {
        cluster.stop()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a token and keeps its hash.
pub async fn create(reader: &Reader, party: Party, role: Reading, label: &str) -> anyhow::Result<String> {
    if (role == Reading::Host) == party.is_party() {
        bail!("tokens of the role host are for RO and PL, those of the roles party and auditor for US and RU");
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the operating system gives no random numbers")?;
    let token = format!("cs_{}", hex(&bytes));
    reader.create_token(&Hash::of(token.as_bytes()), label, party, role).await?;
    Ok(token)
}
