//! `key show`: the public half of a key, and its fingerprint to read aloud.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{files, own_keys};
use crate::hash::hex;

/// Prints the verifier key (vkey) of a key file, its key id, and the public key in groups that can be read aloud.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A file that `keygen` wrote, `.key` or `.vkey`; or the pkcs11: URI of a key in a hardware module
    #[arg(value_name = "KEY")]
    file: PathBuf,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let verifier = match own_keys::module(&arguments.file) {
        Some(_) => own_keys::read(&arguments.file)?.verifier().clone(),
        None => files::read_verifier(&arguments.file)?,
    };
    println!("{verifier}");
    println!("name        {}", verifier.name());
    println!("key id      {}", verifier.id());
    println!("public key  {}", groups(&hex(verifier.public())));
    Ok(ExitCode::SUCCESS)
}

/// Digits in groups of four.
pub fn groups(digits: &str) -> String {
    let groups: Vec<&str> = digits.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}
