//! The log as files that never change (C2SP tlog-tiles), so that any web server and any cache can serve it.
//!
//! A hash tile holds 256 neighbouring hashes of one level, where each level stands for 256 times as many entries as the
//! one below; an entry bundle holds 256 neighbouring entries. At the right edge stand partial ones, with their width in
//! the path:
//!
//! ```text
//! tile/0/x001/x234/067        level 0, tile 1,234,067, complete
//! tile/0/273.p/112            level 0, tile 273, its first 112 hashes
//! tile/entries/273.p/112      the entries 69,888 to 69,999
//! ```
//!
//! ```
//! use countersign::tlog::tiles::TilePath;
//! let path: TilePath = "tile/0/273.p/112".parse()?;
//! assert!(path.is_within(70_000) && !path.is_within(69_999));
//! assert_eq!(path.to_string(), "tile/0/273.p/112");
//! # Ok::<(), countersign::tlog::tiles::TileError>(())
//! ```
//!
//! Invariants:
//! - A path has one spelling, and a width of 1 to 256; 256 is never written.
//! - Nothing is given out beyond the size that is asked about: a tile over entries that no checkpoint covers yet could
//!   contradict the next one.
//!
//! Deliberately absent: which partial tiles are kept, and how tiles are stored or served.

use std::fmt;
use std::str::FromStr;

use super::Tree;
use super::checkpoint::decimal;

/// The number of hashes or entries in a complete tile.
pub const FULL: u16 = 256;
/// The greatest level that a path can name.
const LAST_LEVEL: u8 = 63;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileKind {
    /// Hashes of a level, 0 to 63; at level 0 they are those of the leaves.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// The path of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// Why there is no such tile, or bytes are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Ask for `tile/<level>/<index>` or `tile/entries/<index>`, with `.p/<width>` at the right edge.
    #[error("not the path of a tile")]
    Path,
    /// Ask for a tile inside a size that the log has published.
    #[error("the tile lies beyond the size of the log")]
    BeyondSize,
    /// An entry has at most 65,535 bytes, and a tile at most 256 of them.
    #[error("the entries do not fit a tile")]
    TooLarge,
    /// The bytes are not as many entries as the path says.
    #[error("the bytes are not a bundle of that many entries")]
    Bundle,
}

impl TilePath {
    /// The path of a tile; `None` for a width of 0 or above 256, or a level above 63.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Option<TilePath> {
        let level_exists = !matches!(kind, TileKind::Hashes(level) if level > LAST_LEVEL);
        (level_exists && (1..=FULL).contains(&width)).then_some(TilePath { kind, index, width })
    }

    /// What the tile holds.
    pub const fn kind(self) -> TileKind {
        self.kind
    }

    /// Its position among its like, from the left.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether the tile is complete.
    pub const fn is_full(self) -> bool {
        self.width == FULL
    }

    /// The widest tile of this kind and position in a log of `size` entries, if there is any.
    pub fn widest(kind: TileKind, index: u64, size: u64) -> Option<TilePath> {
        let available = hashes_at(kind, size).checked_sub(index.checked_mul(u64::from(FULL))?)?;
        TilePath::new(kind, index, u16::try_from(available.min(u64::from(FULL))).ok()?)
    }

    /// Whether a log of `size` entries has this tile.
    pub fn is_within(self, size: u64) -> bool {
        TilePath::widest(self.kind, self.index, size).is_some_and(|widest| self.width <= widest.width)
    }

    /// The positions in its level, or the indices of its entries, that the tile holds in a log of `size` entries.
    pub fn range(self, size: u64) -> Result<std::ops::Range<u64>, TileError> {
        if !self.is_within(size) {
            return Err(TileError::BeyondSize);
        }
        let start = self.index * u64::from(FULL);
        Ok(start..start + u64::from(self.width))
    }
}

/// The number of complete subtrees of a level, or of entries, in a log of `size` entries.
fn hashes_at(kind: TileKind, size: u64) -> u64 {
    match kind {
        TileKind::Entries => size,
        TileKind::Hashes(level) => size.checked_shr(u32::from(level) * 8).unwrap_or(0),
    }
}

/// Every tile of one kind in a log of `size` entries, at its widest, from the left.
pub fn tiles_of_kind(kind: TileKind, size: u64) -> impl Iterator<Item = TilePath> {
    (0..).map_while(move |index| TilePath::widest(kind, index, size))
}

/// Every hash tile of a log of `size` entries at its widest, level by level.
pub fn hash_tiles_of(size: u64) -> impl Iterator<Item = TilePath> {
    (0..8).map(TileKind::Hashes).flat_map(move |kind| tiles_of_kind(kind, size))
}

/// Every tile of a log of `size` entries at its widest, hash tiles level by level, then the entries.
pub fn tiles_of(size: u64) -> impl Iterator<Item = TilePath> {
    hash_tiles_of(size).chain(tiles_of_kind(TileKind::Entries, size))
}

/// How many tiles [`tiles_of`] gives.
pub fn number_of_tiles(size: u64) -> u64 {
    let of = |kind| hashes_at(kind, size).div_ceil(u64::from(FULL));
    (0..8).map(TileKind::Hashes).chain([TileKind::Entries]).map(of).sum()
}

/// The bytes of a hash tile in the log of the first `size` entries of `tree`.
pub fn hash_tile(tree: &Tree, size: u64, path: TilePath) -> Result<Vec<u8>, TileError> {
    let TileKind::Hashes(level) = path.kind else { return Err(TileError::Path) };
    if size > tree.size() {
        return Err(TileError::BeyondSize);
    }
    let mut bytes = Vec::with_capacity(usize::from(path.width) * 32);
    for position in path.range(size)? {
        let hash = tree.node(u32::from(level) * 8, position).ok_or(TileError::BeyondSize)?;
        bytes.extend_from_slice(hash.as_bytes());
    }
    Ok(bytes)
}

/// The bytes of an entry bundle: each entry behind its length in two bytes, big endian.
pub fn encode_bundle<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    for (count, entry) in entries.into_iter().enumerate() {
        let length = u16::try_from(entry.len()).map_err(|_| TileError::TooLarge)?;
        if count == usize::from(FULL) {
            return Err(TileError::TooLarge);
        }
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle, which holds exactly `width` of them.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(width));
    for _ in 0..width {
        let (length, behind) = rest.split_first_chunk::<2>().ok_or(TileError::Bundle)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) = behind.split_at_checked(length).ok_or(TileError::Bundle)?;
        entries.push(entry);
        rest = behind;
    }
    if rest.is_empty() { Ok(entries) } else { Err(TileError::Bundle) }
}

/// Writes `tile/…`, without a slash before it.
impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}")?,
            TileKind::Entries => f.write_str("tile/entries")?,
        }
        let mut digits = self.index.to_string();
        while !digits.len().is_multiple_of(3) {
            digits.insert(0, '0');
        }
        let groups = digits.len() / 3;
        for group in 0..groups {
            let mark = if group + 1 < groups { "x" } else { "" };
            write!(f, "/{mark}{}", digits.get(group * 3..group * 3 + 3).unwrap_or_default())?;
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(text: &str) -> Result<TilePath, TileError> {
        let read = || {
            let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
            let kind = match kind {
                "entries" => TileKind::Entries,
                level => TileKind::Hashes(u8::try_from(decimal(level)?).ok()?),
            };
            let (index, width) = match rest.split_once(".p/") {
                Some((index, width)) => (index, u16::try_from(decimal(width)?).ok()?),
                None => (rest, FULL),
            };
            let path = TilePath::new(kind, read_index(index)?, width)?;
            // One spelling: no empty group in front, and 256 is not written.
            (path.to_string() == text).then_some(path)
        };
        read().ok_or(TileError::Path)
    }
}

/// Reads an index in groups of three digits.
fn read_index(text: &str) -> Option<u64> {
    if text.len() > 34 {
        return None; // 2^64 − 1 has seven groups
    }
    let digits = text.replace("/x", "").replace('/', "");
    let digits = digits.strip_prefix('x').unwrap_or(&digits);
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}
