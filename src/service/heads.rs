//! The second store: an append-only file of every head, outside the database.
//!
//! A head is written here and flushed after its COMMIT and before its checkpoint is signed, so that a database that was
//! rolled back behind a signed checkpoint is noticed at the next start. Each line is `<size> <root in base64>`.
//!
//! Invariants: sizes grow; a line is flushed to the disk before anything over it is signed; a torn last line (a crash in
//! the middle of a write) is cut off when the file is opened, since nothing was signed over it; one process at a time
//! has the file, or two would write lines that contradict each other.
//!
//! Deliberately absent: any repair. A file that contradicts the database stops the ledger.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::hash::Hash;
use crate::tlog::{Head, Tree};

/// The file of heads.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
    file: File,
    last: Option<Head>,
}

/// Why the second store cannot vouch for the database.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// Free the disk or mend the permissions; the ledger does not sign without this file.
    #[error("cannot use the file of heads {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Stop the other server, or give this one a file of its own.
    #[error("the file of heads {path} is in use by another server")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Look at the line; the file was changed by somebody.
    #[error("line {line} of the file of heads {path} is not a size and a root, or its size does not grow")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
    },
    /// The database was rolled back: replay the missing entries from a mirror.
    #[error("the database has {database} entries, but heads up to size {file} were signed: it was rolled back")]
    RolledBack {
        /// Entries in the database.
        database: u64,
        /// The greatest size in the file.
        file: u64,
    },
    /// The database holds another history: stay down and keep both as evidence.
    #[error("at size {size} the database has the root {database}, but {file} was signed: the histories have forked")]
    Forked {
        /// The size at which they differ.
        size: u64,
        /// The database's root.
        database: Hash,
        /// The root in the file.
        file: Hash,
    },
}

/// What the file says, before it is compared with anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Whether there is a file at all.
    pub is_there: bool,
    /// Whether its last line is torn, and does not count.
    pub is_torn: bool,
    /// The heads, ascending.
    pub heads: Vec<Head>,
}

impl HeadFile {
    /// Looks at the file without touching it.
    pub fn look(path: &Path) -> Result<Held, HeadsError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Held::default()),
            Err(source) => return Err(HeadsError::Io { path: path.to_owned(), source }),
        };
        let (whole, torn) = bytes.split_at(whole_lines(&bytes));
        Ok(Held { is_there: true, is_torn: !torn.is_empty(), heads: read(path, whole)? })
    }

    /// Opens or creates the file, and compares every head in it with `tree`. Equal or behind is fine: a crash between
    /// the commit and the flush leaves the file one batch behind.
    pub fn open(path: &Path, tree: &Tree) -> Result<HeadFile, HeadsError> {
        let io = |source| HeadsError::Io { path: path.to_owned(), source };
        let is_new = !path.exists();
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => HeadsError::InUse { path: path.to_owned() },
            TryLockError::Error(source) => io(source),
        })?;
        if is_new {
            // A file whose name is not on the disk is gone after a crash, and every head in it.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let whole = whole_lines(&bytes);
        if whole < bytes.len() {
            bytes.truncate(whole);
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(io)?;
        }
        file.seek(SeekFrom::End(0)).map_err(io)?;
        let heads = read(path, &bytes)?;
        heads.iter().try_for_each(|&head| agrees(tree, head))?;
        Ok(HeadFile { path: path.to_owned(), file, last: heads.last().copied() })
    }

    /// The greatest size in the file at `path`: what lies beyond was never signed. 0 where there is no file, or none
    /// that can be read; [`HeadFile::open`] says what is the matter with it.
    pub fn last_size(path: &Path) -> u64 {
        let Ok(bytes) = std::fs::read(path) else { return 0 };
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
        whole.lines().last().and_then(parse).map_or(0, |head| head.size)
    }

    /// Adds a head and flushes it to the disk.
    pub fn append(&mut self, head: Head) -> Result<(), HeadsError> {
        self.append_all(&[head])
    }

    /// Adds heads in order and flushes them together. A head that is not newer than the last one is there already.
    pub fn append_all(&mut self, heads: &[Head]) -> Result<(), HeadsError> {
        let (mut text, mut newest) = (String::new(), self.last);
        for &head in heads {
            match newest {
                Some(last) if last.size == head.size && last.root != head.root => {
                    return Err(HeadsError::Forked { size: head.size, database: head.root, file: last.root });
                }
                Some(last) if last.size >= head.size => {}
                _ => {
                    text.push_str(&format!("{} {}\n", head.size, head.root.to_base64()));
                    newest = Some(head);
                }
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|source| HeadsError::Io { path: self.path.clone(), source })?;
        self.last = newest;
        Ok(())
    }

    /// The newest head in the file.
    pub fn last(&self) -> Option<Head> {
        self.last
    }
}

/// How many bytes end with a line feed: what follows them was torn by a crash.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1)
}

/// The heads of whole lines.
fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Head>, HeadsError> {
    let text = String::from_utf8_lossy(bytes); // what is not UTF-8 is no head either
    let mut heads: Vec<Head> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let head = parse(line).filter(|head| heads.last().is_none_or(|last| last.size < head.size));
        heads.push(head.ok_or(HeadsError::Malformed { path: path.to_owned(), line: i + 1 })?);
    }
    Ok(heads)
}

fn parse(line: &str) -> Option<Head> {
    let (size, root) = line.split_once(' ')?;
    let plain = size == "0" || !size.starts_with('0');
    let size = size.parse().ok().filter(|_| plain && size_digits(size))?;
    Some(Head { size, root: Hash::from_base64(root).ok()? })
}

fn size_digits(size: &str) -> bool {
    size.bytes().all(|b| b.is_ascii_digit())
}

/// The database's tree holds this head.
fn agrees(tree: &Tree, head: Head) -> Result<(), HeadsError> {
    match tree.root_at(head.size) {
        None => Err(HeadsError::RolledBack { database: tree.size(), file: head.size }),
        Some(root) if root != head.root => Err(HeadsError::Forked { size: head.size, database: root, file: head.root }),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|i| tree.append(Hash::of(&i.to_be_bytes())));
        tree
    }

    fn head(size: u64) -> Head {
        Head { size, root: tree(size).root() }
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("heads");
        let mut heads = HeadFile::open(&path, &tree(0)).expect("a new file");
        for size in [1, 3, 3, 2, 7] {
            heads.append(head(size)).expect("appended");
        }
        (folder, path)
    }

    #[test]
    fn heads_are_kept_once_and_in_order() {
        let (_folder, path) = file();
        let text = std::fs::read_to_string(&path).expect("readable");
        let sizes: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(sizes, ["1", "3", "7"]);
        assert_eq!(HeadFile::open(&path, &tree(7)).expect("equal").last(), Some(head(7)));
        assert_eq!(HeadFile::open(&path, &tree(9)).expect("behind is fine").last(), Some(head(7)));
    }

    #[test]
    fn another_root_at_the_last_size_is_a_fork() {
        let (_folder, path) = file();
        let mut heads = HeadFile::open(&path, &tree(7)).expect("equal");
        let forked = heads.append(Head { size: 7, root: Hash::of(b"another") });
        assert!(matches!(forked, Err(HeadsError::Forked { size: 7, .. })), "{forked:?}");
        heads.append_all(&[head(7), head(8), head(11)]).expect("appended");
        drop(heads);
        assert_eq!(HeadFile::open(&path, &tree(11)).expect("equal").last(), Some(head(11)));
    }

    #[test]
    fn a_torn_last_line_is_cut_whatever_its_bytes() {
        for torn in [&b"9"[..], b"9 AAAA", b"\0\0\0\0", b"9 \xff\xfe"] {
            let (_folder, path) = file();
            let whole = std::fs::read(&path).expect("readable");
            std::fs::write(&path, [&whole[..], torn].concat()).expect("written");
            let mut heads = HeadFile::open(&path, &tree(9)).expect("cut");
            heads.append(head(9)).expect("appended");
            drop(heads);
            assert_eq!(HeadFile::open(&path, &tree(9)).expect("whole again").last(), Some(head(9)));
        }
    }

    #[test]
    fn a_database_behind_or_beside_the_file_is_refused() {
        let (_folder, path) = file();
        let rolled_back = HeadFile::open(&path, &tree(6));
        assert!(matches!(rolled_back, Err(HeadsError::RolledBack { database: 6, file: 7 })), "{rolled_back:?}");
        let mut other = tree(2);
        (0..8u64).for_each(|i| other.append(Hash::of(&[9, i as u8])));
        let forked = HeadFile::open(&path, &other);
        assert!(matches!(forked, Err(HeadsError::Forked { size: 3, .. })), "{forked:?}");
    }

    #[test]
    fn a_line_that_somebody_changed_is_named() {
        for (from, to) in
            [("\n3 ", "\n03 "), ("\n3 ", "\n1 "), ("\n3 ", "\n+3 "), ("\n3 ", "\n3  "), ("\n3 ", "\n\n3 ")]
        {
            let (_folder, path) = file();
            let text = std::fs::read_to_string(&path).expect("readable").replacen(from, to, 1);
            std::fs::write(&path, text).expect("written");
            let opened = HeadFile::open(&path, &tree(7));
            assert!(matches!(opened, Err(HeadsError::Malformed { line: 2, .. })), "{to:?}: {opened:?}");
        }
    }

    #[test]
    fn two_servers_do_not_share_a_file() {
        let (_folder, path) = file();
        let first = HeadFile::open(&path, &tree(7)).expect("free");
        assert!(matches!(HeadFile::open(&path, &tree(7)), Err(HeadsError::InUse { .. })));
        drop(first);
        assert!(HeadFile::open(&path, &tree(7)).is_ok());
    }
}
