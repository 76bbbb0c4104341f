//! The audit of files, wherever they are, and of a folder: uses nothing of the server.
//!
//! The files have the layout of C2SP tlog-tiles (`checkpoint`, `tile/…`); others may stand beside them
//! ([`super::audit_beside`]). Any static web server can serve them.
//!
//! Invariants: a file is never read beyond the size that it can have; entries pass through in tiles, so memory is that
//! of the register and a few tiles; reading goes on while entries are verified.
//!
//! Deliberately absent: the `trust` file that an export writes. Trust does not come from what is audited.

use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Context as _, bail};

use super::audit_beside::{accesses, accesses_said, heads, policy};
use super::audit_held::Held;
use super::progress::Progress;
use crate::evidence::audit::{Auditor, Report};
use crate::note::{MAX_BYTES as MAX_NOTE, Note};
use crate::replica::Replica;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::tiles::{FULL, TileKind, TilePath, decode_bundle, hash_tiles_of, tiles_of_kind};
use crate::treaty::admit::Signatures;
use crate::treaty::entry::MAX_BYTES as MAX_ENTRY;

/// Why a file of a log was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is not there.
    Absent,
    /// It is not what such a file can be: that counts against the log.
    Wrong(String),
    /// It could not be asked for: that counts against nobody.
    Failed(anyhow::Error),
}

/// Reads a file of a log by its name, at most so many bytes.
pub type Files<'f> = dyn Fn(&str, usize) -> Result<Vec<u8>, Unread> + Sync + 'f;

/// A tile of entries on its way to the auditor.
type Tile = (TilePath, Result<Vec<u8>, Unread>);

/// Tiles of entries that are given to the auditor at once.
const TOGETHER: usize = 16;
/// Tiles that are read ahead meanwhile. All of them together have at most 403 MB, and of ordinary entries 10 MB.
const AHEAD: usize = 8;

/// Reads files below a folder.
fn in_folder(folder: &Path) -> impl Fn(&str, usize) -> Result<Vec<u8>, Unread> + Sync + '_ {
    move |name, most| {
        let path = folder.join(name);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unread::Absent,
            _ => Unread::Failed(anyhow::Error::new(error).context(format!("{} cannot be read", path.display()))),
        };
        // A pipe or a device would never end.
        let metadata = std::fs::metadata(&path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Unread::Wrong("it is not an ordinary file".to_owned()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(most).min(most) + 1);
        let file = std::fs::File::open(&path).map_err(failed)?;
        file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > most { Err(too_large(most)) } else { Ok(bytes) }
    }
}

/// A file is larger than it can be.
pub fn too_large(most: usize) -> Unread {
    Unread::Wrong(format!("it is larger than the {most} bytes that it can have"))
}

/// The checkpoint of a log, and how many entries it says there are. Whoever folds them checks its root.
fn checkpoint(files: &Files<'_>) -> anyhow::Result<(Vec<u8>, Option<Checkpoint>)> {
    let bytes = match files("checkpoint", MAX_NOTE) {
        Ok(bytes) => bytes,
        Err(Unread::Absent) => bail!("there is no checkpoint; the files must be those that `export` wrote"),
        Err(Unread::Wrong(_)) => return Ok((Vec::new(), None)),
        Err(Unread::Failed(error)) => return Err(error),
    };
    let checkpoint = Note::parse(&bytes).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
    Ok((bytes, checkpoint))
}

/// What the entries of a folder add up to. Rules and hashes are gone through; signatures are for [`audit`].
pub fn replica(folder: &Path) -> anyhow::Result<Replica> {
    let files = in_folder(folder);
    let (_, checkpoint) = checkpoint(&files).with_context(|| folder.display().to_string())?;
    let checkpoint = checkpoint.with_context(|| format!("{} has no checkpoint", folder.display()))?;
    let mut replica = Replica::default();
    for tile in tiles_of_kind(TileKind::Entries, checkpoint.size) {
        let Ok(bytes) = tile_of(&files, tile) else { bail!("{tile} cannot be read") };
        let replayed = replica.replay_all(&decode_bundle(&bytes, tile.width())?, Signatures::CheckedElsewhere);
        if let Some(error) = replayed.error {
            return Err(error.into());
        }
    }
    if replica.head().root != checkpoint.root {
        bail!("the entries in {} are not those of its checkpoint; `audit` says where they differ", folder.display());
    }
    Ok(replica)
}

/// What the first entries of a folder add up to; every signature is checked, too.
pub fn prefix(folder: &Path, size: u64) -> anyhow::Result<Replica> {
    let files = in_folder(folder);
    let (_, checkpoint) = checkpoint(&files).with_context(|| folder.display().to_string())?;
    let held = checkpoint.map_or(0, |checkpoint| checkpoint.size);
    if held < size {
        bail!("{} has {held} entries, and {size} are needed", folder.display());
    }
    let mut replica = Replica::default();
    for tile in tiles_of_kind(TileKind::Entries, held) {
        let Ok(bytes) = tile_of(&files, tile) else { bail!("{tile} cannot be read") };
        let mut entries = decode_bundle(&bytes, tile.width())?;
        let wanted = size - replica.tree().size();
        entries.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        if let Some(error) = replica.replay_all(&entries, Signatures::Check).error {
            return Err(error.into());
        }
        if replica.tree().size() == size {
            break;
        }
    }
    Ok(replica)
}

/// Audits the log in a folder.
pub fn audit(folder: &Path, held: &Held) -> anyhow::Result<Report> {
    walk(&in_folder(folder), held).with_context(|| folder.display().to_string())
}

/// Audits the log in these files.
pub fn walk(files: &Files<'_>, held: &Held) -> anyhow::Result<Report> {
    let mut auditor = held.auditor();
    let (bytes, checkpoint) = checkpoint(files)?;
    let Some(Checkpoint { size, .. }) = checkpoint else {
        auditor.no_checkpoint_in("checkpoint");
        return Ok(auditor.finish());
    };
    let said = accesses_said(files, &mut auditor)?;
    entries(files, size, &mut auditor, held)?;
    auditor.checkpoint("checkpoint", &bytes);
    heads(files, size, &mut auditor)?;
    policy(files, &mut auditor)?;
    tiles(files, size, &mut auditor)?;
    held.show(&mut auditor);
    accesses(files, said.as_deref(), &mut auditor)?;
    Ok(auditor.finish())
}

/// The bytes of a tile. A partial one may be gone where the whole one has come: then its beginning is the tile.
fn tile_of(files: &Files<'_>, tile: TilePath) -> Result<Vec<u8>, Unread> {
    let most = |width: u16| match tile.kind() {
        TileKind::Hashes(_) => usize::from(width) * 32,
        TileKind::Entries => usize::from(width) * (MAX_ENTRY + 2),
    };
    let read = files(&tile.to_string(), most(tile.width()));
    let whole = TilePath::new(tile.kind(), tile.index(), FULL).filter(|_| !tile.is_full());
    let (Err(Unread::Absent), Some(whole)) = (&read, whole) else { return read };
    let mut bytes = files(&whole.to_string(), most(FULL))?;
    let end = match tile.kind() {
        TileKind::Hashes(_) => most(tile.width()),
        TileKind::Entries => {
            let entries = decode_bundle(&bytes, FULL).map_err(|error| Unread::Wrong(error.to_string()))?;
            entries.iter().take(usize::from(tile.width())).map(|entry| entry.len() + 2).sum()
        }
    };
    bytes.truncate(end);
    Ok(bytes)
}

/// Feeds every entry, in order, to the auditor, and reads ahead meanwhile.
fn entries(files: &Files<'_>, size: u64, auditor: &mut Auditor, held: &Held) -> anyhow::Result<()> {
    let (sender, receiver) = sync_channel(AHEAD);
    std::thread::scope(|scope| {
        scope.spawn(move || read_ahead(files, size, &sender));
        take_up(receiver, size, auditor, held)
    })
}

/// Reads tiles until there are no more, or nobody wants them.
fn read_ahead(files: &Files<'_>, size: u64, sender: &SyncSender<Tile>) {
    for tile in tiles_of_kind(TileKind::Entries, size) {
        if sender.send((tile, tile_of(files, tile))).is_err() {
            return;
        }
    }
}

fn take_up(tiles: Receiver<Tile>, size: u64, auditor: &mut Auditor, held: &Held) -> anyhow::Result<()> {
    let mut progress = Progress::new("entries", size);
    let mut batch = Vec::with_capacity(TOGETHER);
    for (tile, bytes) in tiles {
        let missing = match bytes {
            Ok(bytes) => {
                batch.push((tile, bytes));
                None
            }
            Err(Unread::Failed(error)) => return Err(error),
            Err(Unread::Absent) => Some("it is not there".to_owned()),
            Err(Unread::Wrong(why)) => Some(why),
        };
        let begins = auditor.size() == 0;
        if missing.is_none() && batch.len() < TOGETHER && !begins {
            continue;
        }
        let goes_on = together(&mut batch, auditor);
        if let Some(why) = missing.as_ref().filter(|_| goes_on) {
            auditor.missing("entries", &tile.to_string(), why);
        }
        if begins {
            held.say_distrust(auditor);
        }
        if missing.is_some() || !goes_on {
            progress.end();
            return Ok(());
        }
        progress.at(auditor.size());
    }
    together(&mut batch, auditor);
    progress.end();
    Ok(())
}

/// Gives tiles that follow each other to the auditor at once; the more there are, the less a core waits for another. Whether
/// it goes on.
fn together(batch: &mut Vec<(TilePath, Vec<u8>)>, auditor: &mut Auditor) -> bool {
    let mut entries = Vec::with_capacity(batch.len() * usize::from(FULL));
    let mut broken = None;
    for (tile, bytes) in batch.iter() {
        match decode_bundle(bytes, tile.width()) {
            Ok(bundle) => entries.extend(bundle),
            Err(_) => {
                broken = Some(tile);
                break;
            }
        }
    }
    let goes_on = auditor.entries(&entries);
    if let Some(tile) = broken.filter(|_| goes_on) {
        auditor.not_a_bundle(&tile.to_string());
    }
    let goes_on = goes_on && broken.is_none();
    batch.clear();
    goes_on
}

/// Compares every hash tile.
fn tiles(files: &Files<'_>, size: u64, auditor: &mut Auditor) -> anyhow::Result<()> {
    if auditor.is_broken() {
        auditor.not_reached("tiles");
        return Ok(());
    }
    let mut progress = Progress::new("tiles", size.div_ceil(u64::from(FULL)));
    for (done, tile) in (1..).zip(hash_tiles_of(size)) {
        let goes_on = match tile_of(files, tile) {
            Ok(bytes) => auditor.tile(tile, size, &bytes),
            Err(Unread::Failed(error)) => return Err(error),
            Err(Unread::Absent) => {
                auditor.missing("tiles", &tile.to_string(), "it is not there");
                auditor.worth_a_look("tiles")
            }
            Err(Unread::Wrong(why)) => {
                auditor.missing("tiles", &tile.to_string(), &why);
                auditor.worth_a_look("tiles")
            }
        };
        if !goes_on {
            break;
        }
        progress.at(done);
    }
    progress.end();
    Ok(())
}
