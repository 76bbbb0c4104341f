//! Tiles, against another crate that reads whole logs from them.

use std::cell::RefCell;

use countersign::hash::Hash;
use countersign::tlog::tiles::{TileKind, TilePath, decode_bundle, encode_bundle, hash_tile, tiles_of};
use countersign::tlog::{Tree, leaf_hash};
use proptest::prelude::*;
use tlog_tiles::{HashReader as _, Tile, TileHashReader, TileReader};

/// The log that the other crate reads from: tiles are made when it asks for their paths.
struct Served {
    tree: Tree,
    size: u64,
    asked: RefCell<Vec<String>>,
}

/// Go's paths carry the height of a tile, ours do not.
fn without_height(path: &str) -> String {
    path.replacen("tile/8/data/", "tile/entries/", 1).replacen("tile/8/", "tile/", 1)
}

impl TileReader for Served {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            let path = without_height(&tile.path());
            self.asked.borrow_mut().push(path.clone());
            hash_tile(&self.tree, self.size, path.parse().expect("a path")).expect("inside")
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn grown(size: u64) -> Tree {
    let mut tree = Tree::default();
    for index in 0..size {
        tree.append(leaf_hash(&index.to_be_bytes()));
    }
    tree
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

#[test]
fn another_crate_proves_and_checks_entries_from_our_tiles() {
    let tree = grown(70_000);
    for size in [1, 2, 255, 256, 257, 511, 512, 1_000, 65_535, 65_536, 65_537, 70_000] {
        let root = theirs(tree.root_at(size).expect("inside"));
        let served = Served { tree: tree.clone(), size, asked: RefCell::default() };
        let reader = TileHashReader::new(size, root, &served);
        assert_eq!(tlog_tiles::tree_hash(size, &reader).expect("tiles of the tree"), root);
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = tlog_tiles::prove_record(size, index, &reader).expect("tiles of the tree");
            let ours: Vec<_> = tree.prove_inclusion(index, size).expect("inside").into_iter().map(theirs).collect();
            assert_eq!(proof, ours, "{index} in {size}");
            let leaf = theirs(tree.leaf(index).expect("inside"));
            assert!(tlog_tiles::check_record(&proof, size, root, index, leaf).is_ok());
            let first = index + 1;
            let proof = tlog_tiles::prove_tree(size, first, &reader).expect("tiles of the tree");
            let ours: Vec<_> = tree.prove_consistency(first, size).expect("in order").into_iter().map(theirs).collect();
            assert_eq!(proof, ours, "{first} to {size}");
        }
        assert!(!served.asked.borrow().is_empty());
    }
}

#[test]
fn another_crate_reads_every_hash_of_a_log_from_our_tiles() {
    let size = 1_300;
    let tree = grown(size);
    let served = Served { tree: tree.clone(), size, asked: RefCell::default() };
    let reader = TileHashReader::new(size, theirs(tree.root()), &served);
    for level in 0..11u8 {
        let count = size >> level;
        let places: Vec<u64> = (0..count).map(|index| tlog_tiles::stored_hash_index(level, index)).collect();
        let read = reader.read_hashes(&places).expect("tiles of the tree");
        let ours: Vec<_> = (0..count).map(|i| theirs(tree.node(u32::from(level), i).expect("inside"))).collect();
        assert_eq!(read, ours, "level {level}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_write_and_read_the_same_paths(level in 0u8..64, index in any::<u64>(), shift in 0u32..64, width in 1u16..=256, entries in any::<bool>()) {
        let index = index >> shift;
        let kind = if entries { TileKind::Entries } else { TileKind::Hashes(level) };
        let ours = TilePath::new(kind, index, width).expect("possible").to_string();
        let tile = Tile::new(8, if entries { 0 } else { level }, index, u32::from(width), entries);
        prop_assert_eq!(&without_height(&tile.path()), &ours);
        prop_assert_eq!(ours.parse::<TilePath>().map(|path| path.to_string()), Ok(ours));
    }

    #[test]
    fn both_refuse_the_same_paths(rest in "[0-3x/.p]{0,14}") {
        let text = format!("tile/0/{rest}");
        let ours = text.parse::<TilePath>();
        let theirs = Tile::from_path(&format!("tile/8/0/{rest}"));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn the_tiles_of_a_size_hold_every_entry_once(size in 0u64..200_000) {
        let covered = |kind| tiles_of(size).filter(|tile| tile.kind() == kind).map(|tile| u64::from(tile.width())).sum::<u64>();
        prop_assert_eq!(covered(TileKind::Entries), size);
        for level in 0..4u8 {
            prop_assert_eq!(covered(TileKind::Hashes(level)), size >> (8 * level));
        }
        prop_assert!(tiles_of(size).all(|tile| tile.is_within(size)));
    }

    #[test]
    fn the_new_tiles_of_a_growing_log_are_those_another_crate_names(old in 0u64..3_000, more in 1u64..3_000) {
        let new = old + more;
        let theirs: Vec<String> = Tile::new_tiles(8, old, new).iter().map(|tile| without_height(&tile.path())).collect();
        let ours = |size| tiles_of(size).filter(|tile| tile.kind() != TileKind::Entries).map(|tile| tile.to_string()).collect::<Vec<_>>();
        let before = ours(old);
        let added: Vec<String> = ours(new).into_iter().filter(|path| !before.contains(path)).collect();
        prop_assert_eq!(added, theirs);
    }

    #[test]
    fn a_bundle_is_written_and_read_alike(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..30)) {
        let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).expect("small");
        let read = decode_bundle(&bundle, u16::try_from(entries.len()).expect("few")).expect("its own bytes");
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn no_bytes_make_the_reader_of_bundles_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), width in 0u16..=257) {
        if let Ok(entries) = decode_bundle(&bytes, width) {
            prop_assert_eq!(entries.len(), usize::from(width));
            prop_assert_eq!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>(), bytes.len());
        }
    }
}
