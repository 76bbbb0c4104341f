//! `keygen`: makes a key.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};
use zeroize::Zeroizing;

use super::{files, own_keys};
use crate::note::{KeyKind, Signer, is_key_name};
use crate::treaty::party::KeyName;

/// Makes an Ed25519 key and writes two files: `<name>.key`, which only you can read and which never leaves you, and
/// `<name>.vkey`, which you give to everybody.
///
/// A person's or an office's key is named `<authority>/<role>/<label>`, for example `RU/leader/07`. The authorities are
/// US, RU, RO and PL; the roles are root, recovery, centre, leader, escort, mirror, witness and window.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["name", "log", "clerk", "witness"])))]
pub struct Arguments {
    /// The name of a person's or an office's key: <authority>/<role>/<label>
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Make the key with which the log of this origin signs its checkpoints
    #[arg(long, value_name = "ORIGIN")]
    log: Option<String>,
    /// Make the key with which the clerk of this log countersigns records
    #[arg(long, value_name = "ORIGIN")]
    clerk: Option<String>,
    /// Make the key with which a witness of this name cosigns checkpoints, for a third party that is no authority
    #[arg(long, value_name = "NAME")]
    witness: Option<String>,
    /// The folder for the files
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write the secret as PKCS#8 as well, for `openssl`
    #[arg(long)]
    pem: bool,
    /// Make the secret of the log's or the clerk's key in this hardware module, which keeps it
    #[arg(long, value_name = "PKCS11-URI", conflicts_with_all = ["name", "witness", "pem"])]
    module: Option<String>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (name, kind) = what(arguments)?;
    if let Some(uri) = &arguments.module {
        let verifier = own_keys::generate(uri, &name, kind)?;
        files::write_verifier(&arguments.out, &verifier)?;
        println!("{verifier}");
        eprintln!("The secret is in the module, under the label {name}. The line above is public.");
        return Ok(ExitCode::SUCCESS);
    }
    let signer = new_key(&name, kind)?;
    let path = files::write_key(&arguments.out, &signer, arguments.pem)?;
    println!("{}", signer.verifier());
    eprintln!("The secret is in {}: keep it. The line above is public: give it to your root.", path.display());
    Ok(ExitCode::SUCCESS)
}

fn what(arguments: &Arguments) -> anyhow::Result<(String, KeyKind)> {
    if let Some(name) = &arguments.name {
        let Some(known) = KeyName::parse(name) else {
            bail!("{name} is not a key name: write <authority>/<role>/<label>, for example RU/leader/07");
        };
        if !known.role().allowed_for(known.party()) {
            bail!("{} has no keys of the role {}: hosts have root, recovery and centre", known.party(), known.role());
        }
        let kind = if known.role().cosigns() { KeyKind::Cosignature } else { KeyKind::Ed25519 };
        return Ok((name.clone(), kind));
    }
    let (origin, kind) = match (&arguments.log, &arguments.clerk, &arguments.witness) {
        (Some(origin), _, _) => (origin, KeyKind::Ed25519),
        (_, Some(origin), _) => (origin, KeyKind::Countersign),
        (_, _, Some(name)) => (name, KeyKind::Cosignature),
        (None, None, None) => bail!("give --name, --log, --clerk or --witness"),
    };
    if !is_key_name(origin) {
        bail!("{origin} is not such a name: write one like ledger.example/bilateral, without spaces and plus signs");
    }
    let name = if kind == KeyKind::Countersign { format!("{origin}/clerk") } else { origin.clone() };
    Ok((name, kind))
}

/// A key from 32 bytes of the operating system's random numbers.
pub fn new_key(name: &str, kind: KeyKind) -> anyhow::Result<Signer> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).context("the operating system gives no random numbers")?;
    Ok(Signer::from_seed(name, kind, *seed)?)
}
