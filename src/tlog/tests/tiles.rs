//! Tiles: the known example, both directions of a path, and the edges of what exists.

use super::super::tiles::{
    FULL, TileError, TileKind, TilePath, decode_bundle, encode_bundle, hash_tile, number_of_tiles, tiles_of,
};
use super::super::{Tree, leaf_hash};
use super::{entries, tree};
use crate::hash::{Hash, hex};

fn path(text: &str) -> TilePath {
    text.parse().expect("a path")
}

fn grown(size: u64) -> Tree {
    let mut tree = Tree::default();
    for index in 0..size {
        tree.append(leaf_hash(&index.to_be_bytes()));
    }
    tree
}

#[test]
fn the_example_tiles_are_the_published_ones() {
    let bundle = encode_bundle(entries()).expect("small entries");
    assert_eq!(
        hex(&bundle),
        "00000001000001100002202100023031000440414243000850515253545556570010606162636465666768696a6b6c6d6e6f"
    );
    assert_eq!(decode_bundle(&bundle, 8).as_deref(), Ok(&entries()[..]));
    let hashes = hash_tile(&tree(), 8, path("tile/0/000.p/8")).expect("inside");
    assert_eq!(hashes.len(), 256);
    assert_eq!(Hash::of(&hashes).to_hex(), "aea2f1bbb5140fd5f8eacb503fdf54c00c3d860c72588e40233addd416bc8f10");
}

#[test]
fn a_path_is_read_and_written_alike() {
    use TileKind::{Entries, Hashes};
    for (text, kind, index, width) in [
        ("tile/0/000", Hashes(0), 0, FULL),
        ("tile/0/000.p/8", Hashes(0), 0, 8),
        ("tile/0/273.p/112", Hashes(0), 273, 112),
        ("tile/1/001.p/17", Hashes(1), 1, 17),
        ("tile/2/000.p/1", Hashes(2), 0, 1),
        ("tile/0/x001/x234/067", Hashes(0), 1_234_067, FULL),
        ("tile/63/999.p/255", Hashes(63), 999, 255),
        ("tile/3/x001/000", Hashes(3), 1_000, FULL),
        ("tile/entries/000.p/8", Entries, 0, 8),
        ("tile/entries/x001/x234/067", Entries, 1_234_067, FULL),
        ("tile/entries/x018/x446/x744/x073/x709/x551/615", Entries, u64::MAX, FULL),
    ] {
        let expected = TilePath::new(kind, index, width).expect("possible");
        assert_eq!(text.parse(), Ok(expected), "{text}");
        assert_eq!(expected.to_string(), text);
        assert_eq!((expected.kind(), expected.index(), expected.width()), (kind, index, width));
    }
}

#[test]
fn a_path_has_one_spelling_and_no_width_of_0_or_256() {
    for wrong in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/256/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/data/000",
        "tile/8/0/000",
        "tile/0/x000/000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/x1/234",
        "tile/0/x001x234/067",
        "tile/0/x001//234",
        "tile/0/xx001/234",
        "tile/0/0x1",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/08",
        "tile/0/000.p/256",
        "tile/0/000.p/65536",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/8.p/8",
        "tile/0/000.p/8/",
        "tile/0/000.P/8",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/000.p/256",
    ] {
        assert_eq!(wrong.parse::<TilePath>(), Err(TileError::Path), "{wrong}");
    }
    assert_eq!(TilePath::new(TileKind::Hashes(0), 0, 0), None);
    assert_eq!(TilePath::new(TileKind::Entries, 0, 257), None);
    assert_eq!(TilePath::new(TileKind::Hashes(64), 0, 1), None);
}

#[test]
fn a_log_of_seventy_thousand_has_the_tiles_of_the_standards_example() {
    let tiles: Vec<TilePath> = tiles_of(70_000).collect();
    let at = |kind| tiles.iter().filter(move |tile| tile.kind() == kind).copied().collect::<Vec<_>>();
    for (kind, full, width) in [
        (TileKind::Hashes(0), 273, Some(112)),
        (TileKind::Hashes(1), 1, Some(17)),
        (TileKind::Hashes(2), 0, Some(1)),
        (TileKind::Entries, 273, Some(112)),
        (TileKind::Hashes(3), 0, None),
    ] {
        let tiles = at(kind);
        assert_eq!(tiles.iter().filter(|tile| tile.is_full()).count(), full, "{kind:?}");
        assert_eq!(tiles.last().map(|tile| tile.width()), width, "{kind:?}");
    }
    let exact: Vec<String> = tiles_of(256).map(|tile| tile.to_string()).collect();
    assert_eq!(exact, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    for size in [0, 1, 255, 256, 257, 65_536, 70_000] {
        assert_eq!(number_of_tiles(size), tiles_of(size).count() as u64, "{size}");
    }
}

#[test]
fn nothing_exists_beyond_the_size() {
    let tree = grown(600);
    for (text, first_size) in [
        ("tile/0/000.p/1", 1),
        ("tile/0/000.p/255", 255),
        ("tile/0/000", 256),
        ("tile/0/002.p/88", 600),
        ("tile/1/000.p/1", 256),
        ("tile/1/000.p/2", 512),
    ] {
        let path = path(text);
        assert_eq!(hash_tile(&tree, first_size - 1, path), Err(TileError::BeyondSize), "{text}");
        assert!(hash_tile(&tree, first_size, path).is_ok(), "{text}");
        // A published size above the tree is not ours to answer for.
        assert_eq!(hash_tile(&tree, 601, path), Err(TileError::BeyondSize), "{text}");
    }
    for text in [
        "tile/0/002.p/89",
        "tile/0/002",
        "tile/0/003.p/1",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/8/000.p/1",
        "tile/63/000",
    ] {
        assert_eq!(hash_tile(&tree, 600, path(text)), Err(TileError::BeyondSize), "{text}");
        assert!(!path(text).is_within(600), "{text}");
    }
    assert!(path("tile/7/000.p/255").is_within(u64::MAX) && !path("tile/8/000.p/1").is_within(u64::MAX));
    assert_eq!(hash_tile(&tree, 600, path("tile/entries/000")), Err(TileError::Path));
    assert_eq!(path("tile/entries/002.p/88").range(600), Ok(512..600));
    assert_eq!(path("tile/entries/x018/x446/x744/x073/x709/x551/615").range(u64::MAX), Err(TileError::BeyondSize));
}

#[test]
fn a_hash_of_a_higher_tile_is_the_root_of_the_tile_below() {
    let tree = grown(600);
    let above = hash_tile(&tree, 600, path("tile/1/000.p/2")).expect("inside");
    for (i, chunk) in above.chunks(32).enumerate() {
        let below = TilePath::new(TileKind::Hashes(0), i as u64, FULL).expect("possible");
        let leaves = hash_tile(&tree, 600, below).expect("inside");
        let mut small = Tree::default();
        for leaf in leaves.chunks(32) {
            small.append(Hash::new(leaf.try_into().expect("32 bytes")));
        }
        assert_eq!(small.root().as_bytes(), chunk);
    }
}

#[test]
fn a_bundle_is_exactly_as_many_entries_as_its_path_says() {
    let bundle = encode_bundle(entries()).expect("small entries");
    for width in [0, 1, 7, 9, 256] {
        assert_eq!(decode_bundle(&bundle, width), Err(TileError::Bundle), "width {width}");
    }
    for length in 0..bundle.len() {
        assert_eq!(decode_bundle(&bundle[..length], 8), Err(TileError::Bundle), "length {length}");
    }
    assert_eq!(decode_bundle(&[&bundle[..], b"\0"].concat(), 8), Err(TileError::Bundle));
    assert_eq!(decode_bundle(b"", 0), Ok(vec![]));
}

#[test]
fn a_bundle_holds_256_entries_of_65535_bytes() {
    let large = vec![7; 65_535];
    let entries = vec![large.as_slice(); 256];
    let bundle = encode_bundle(entries.iter().copied()).expect("fits");
    assert_eq!(decode_bundle(&bundle, 256), Ok(entries));
    assert_eq!(encode_bundle([vec![7; 65_536].as_slice()]), Err(TileError::TooLarge));
    assert_eq!(encode_bundle(vec![&b""[..]; 257]), Err(TileError::TooLarge));
}
