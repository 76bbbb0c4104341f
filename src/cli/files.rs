//! Files that people keep: keys, texts, roots of trust.
//!
//! Invariants: a secret is written to a file that only its owner can read (mode 0400) and that did not exist before;
//! nothing is ever overwritten without being asked to.
//!
//! Deliberately absent: passphrases. A key that needs more care belongs into hardware.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::evidence::trust::Trust;
use crate::note::{Signer, Verifier};
use zeroize::Zeroizing;

/// The name of the file for a key with this name.
pub fn stem(name: &str) -> String {
    name.replace('/', "_")
}

/// Writes the halves of a key: `<name>.key` (and `.pem`) for its holder alone, `<name>.vkey` for everybody. Answers the
/// path of the secret.
pub fn write_key(folder: &Path, signer: &Signer, pem: bool) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let base = folder.join(stem(signer.verifier().name()));
    let path = base.with_added_extension("key");
    write_new(&path, format!("{}\n", &*signer.to_skey()?).as_bytes(), 0o400)?;
    if pem {
        write_new(&base.with_added_extension("pem"), signer.to_pkcs8_pem()?.as_bytes(), 0o400)?;
    }
    write_new(&base.with_added_extension("vkey"), format!("{}\n", signer.verifier()).as_bytes(), 0o444)?;
    Ok(path)
}

/// Writes a file that must not be there yet.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).with_context(|| {
        format!("cannot make {} (a file that is there is never overwritten: move it away first)", path.display())
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a file, or standard input for `-`.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a file as UTF-8.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Reads a secret key.
pub fn read_signer(path: &Path) -> anyhow::Result<Signer> {
    let text = Zeroizing::new(read_text(path)?);
    Signer::parse(&text).with_context(|| format!("{} is not a key that `countersign keygen` wrote", path.display()))
}

/// Reads a public key, from its own file or from that of the secret.
pub fn read_verifier(path: &Path) -> anyhow::Result<Verifier> {
    let text = Zeroizing::new(read_text(path)?);
    if text.starts_with("PRIVATE+KEY+") {
        return Ok(read_signer(path)?.verifier().clone());
    }
    Verifier::parse(text.trim_end()).with_context(|| format!("{} is not a verifier key (vkey)", path.display()))
}

/// Reads a root of trust.
pub fn read_trust(path: &Path) -> anyhow::Result<Trust> {
    read_text(path)?.parse().with_context(|| format!("{} is not a root of trust", path.display()))
}

/// Writes a result to a file that must not be there yet, or to standard output.
pub fn write_result(out: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match out {
        Some(path) => write_new(path, text.as_bytes(), 0o644),
        None => std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output"),
    }
}
