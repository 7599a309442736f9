use super::super::TreeFailure;
use super::super::tests::Stored;
use super::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

fn hashes(level: u8, index: u64, width: u16) -> TileId {
    TileId::new(TileKind::Hashes(level), index, width).unwrap()
}

fn entries_tile(index: u64, width: u16) -> TileId {
    TileId::new(TileKind::Entries, index, width).unwrap()
}

#[test]
fn addresses_as_the_specification_writes_them() {
    let check = |id: TileId, path: &str| {
        assert_eq!(id.path(), path);
        assert_eq!(TileId::parse(path), Ok(id), "{path}");
    };
    check(hashes(0, 1_234_067, 256), "tile/0/x001/x234/067");
    check(hashes(0, 0, 256), "tile/0/000");
    check(hashes(1, 999, 256), "tile/1/999");
    check(hashes(1, 1_000, 1), "tile/1/x001/000.p/1");
    check(hashes(63, 999_999, 255), "tile/63/x999/999.p/255");
    check(entries_tile(0, 256), "tile/entries/000");
    check(entries_tile(1_234_067, 112), "tile/entries/x001/x234/067.p/112");
    check(hashes(0, u64::MAX, 255), "tile/0/x018/x446/x744/x073/x709/x551/615.p/255");
}

#[test]
fn an_address_has_one_way_to_be_written() {
    let others = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/x001/234/067",
        "tile/0/1234067",
        "tile/0/x1/234",
        "tile/0/X001/234",
        "tile/0/xx01/234",
        "tile/0/+01",
        "tile/0/-01",
        "tile/0/ 01",
        "tile/0/0０1",
        "tile/00/000",
        "tile/01/000",
        "tile/+1/000",
        "tile/64/000",
        "tile/256/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/8/0/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/65537",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000.P/1",
        "tile/0/000p/1",
        "tile/0/000\n",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/../0/000",
        "tile//000",
    ];
    for path in others {
        assert_eq!(TileId::parse(path).unwrap_err().code, "bad_tile_path", "{path}");
    }
}

#[test]
fn a_tile_is_one_to_256_wide_and_on_a_level_up_to_63() {
    for (level, width) in [(0, 0), (0, 257), (64, 1), (255, 256)] {
        assert_eq!(TileId::new(TileKind::Hashes(level), 0, width).unwrap_err().code, "bad_tile");
    }
}

#[test]
fn the_tiles_of_a_tree_of_70_000_leaves() {
    let mut rows: BTreeMap<(TileKind, bool), (u64, u64)> = BTreeMap::new();
    for id in tiles_of(70_000) {
        let row = rows.entry((id.kind(), id.is_full())).or_default();
        *row = (row.0 + 1, id.width().into());
    }
    let expect = [
        ((TileKind::Hashes(0), false), (1, 112)),
        ((TileKind::Hashes(0), true), (273, 256)),
        ((TileKind::Hashes(1), false), (1, 17)),
        ((TileKind::Hashes(1), true), (1, 256)),
        ((TileKind::Hashes(2), false), (1, 1)),
        ((TileKind::Entries, false), (1, 112)),
        ((TileKind::Entries, true), (273, 256)),
    ];
    assert_eq!(rows.into_iter().collect::<Vec<_>>(), expect);
    let of_256: Vec<String> = tiles_of(256).map(TileId::path).collect();
    assert_eq!(of_256, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(tiles_of(0).count(), 0);
    // The largest tree has a row for every eight levels; nobody counts their tiles.
    let top = TileId::in_tree(TileKind::Hashes(7), 0, super::super::MAX_SIZE);
    assert_eq!(top, Some(hashes(7, 0, 127)));
    assert_eq!(TileId::in_tree(TileKind::Hashes(8), 0, u64::MAX), None);
    assert_eq!(TileId::in_tree(TileKind::Hashes(63), 0, u64::MAX), None);
    assert_eq!(TileId::in_tree(TileKind::Entries, 1, 256), None);
    assert_eq!(TileId::in_tree(TileKind::Entries, u64::MAX, u64::MAX), None);
}

fn written(tree: &Stored, size: u64) -> BTreeMap<TileId, Vec<u8>> {
    let hashes = tiles_of(size).filter_map(|id| match id.kind() {
        TileKind::Hashes(level) => Some((id, hash_tile(level, id.index(), id.width(), tree).unwrap())),
        TileKind::Entries => None,
    });
    hashes.collect()
}

#[test]
fn tiles_hold_every_node_of_their_tree_and_no_other() {
    for size in [1u64, 2, 3, 255, 256, 257, 511, 600, 1_000] {
        let tree = Stored::numbered(size);
        let tiles = written(&tree, size);
        assert!(tiles.iter().all(|(id, bytes)| bytes.len() == usize::from(id.width()) * 32));
        let asked = RefCell::new(BTreeSet::new());
        let from = FromTiles::new(size, |id: TileId| {
            asked.borrow_mut().insert(id);
            tiles.get(&id).ok_or("no such tile")
        });
        assert_eq!(from.root(size), Ok(tree.frontier.root()));
        for level in 0..12 {
            for index in 0..size >> level {
                assert_eq!(from.node(level, index).ok(), tree.node(level, index).ok(), "{level} {index} of {size}");
            }
            let index = size >> level;
            assert_eq!(from.node(level, index), Err(TileFailure::NoSuchNode { level, index, size }));
        }
        assert_eq!(asked.into_inner(), tiles.keys().copied().collect(), "every tile of {size} is used");
    }
    let none = FromTiles::new(u64::MAX, |_| Ok::<_, ()>(vec![]));
    for (level, index) in [(63, 1), (64, 0), (255, 0), (255, u64::MAX), (0, u64::MAX), (7, u64::MAX)] {
        assert!(matches!(none.node(level, index), Err(TileFailure::NoSuchNode { .. })), "{level} {index}");
    }
}

#[test]
fn proofs_out_of_tiles_are_those_of_the_tree() {
    let size = 70_000;
    let tree = Stored::numbered(size);
    let tiles = written(&tree, size);
    let from = FromTiles::new(size, |id: TileId| tiles.get(&id).ok_or(()));
    assert_eq!(from.root(size), Ok(tree.frontier.root()));
    for index in [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        assert_eq!(from.inclusion(index, size).unwrap(), tree.inclusion(index, size).unwrap());
        assert_eq!(from.consistency(index, size).unwrap(), tree.consistency(index, size).unwrap());
    }
    // A log that has grown serves the wider tile in place of the partial one.
    let earlier = FromTiles::new(69_900, |id: TileId| {
        let wider = TileId::in_tree(id.kind(), id.index(), size);
        wider.and_then(|id| tiles.get(&id)).ok_or(())
    });
    assert_eq!(earlier.root(69_900), tree.root(69_900).map_err(|e| match e {}));
}

#[test]
fn a_tile_of_another_length_is_malformed() {
    let size = 300u64;
    let read = |bytes: usize| FromTiles::new(size, move |_| Ok::<_, ()>(vec![7; bytes]));
    let tile = hashes(0, 1, 44);
    for bytes in [0, 32, 43 * 32, 44 * 32 - 1, 44 * 32 + 1, 257 * 32] {
        assert_eq!(read(bytes).node(0, 260), Err(TileFailure::Malformed { tile, bytes }));
        assert_eq!(read(bytes).node(2, 64), Err(TileFailure::Malformed { tile, bytes }));
    }
    assert!(read(44 * 32).node(0, 260).is_ok());
    let lost = FromTiles::new(size, |_| Err::<Vec<u8>, _>("lost"));
    assert_eq!(lost.inclusion(1, size), Err(TreeFailure::Node(TileFailure::Read("lost"))));
}

#[test]
fn bundles_go_both_ways() {
    let long = vec![9; ENTRY_MAX];
    for all in [vec![&b"a"[..]], vec![b"", b"", b""], vec![b"one", &long, b"", b"three"], vec![&b"x"[..]; 256]] {
        let bytes = bundle(&all).unwrap();
        assert_eq!(bytes.len(), all.iter().map(|e| e.len() + 2).sum::<usize>());
        assert_eq!(entries(&bytes), Ok(all));
    }
    assert_eq!(bundle(&["ab", "c"]).unwrap(), b"\x00\x02ab\x00\x01c");
}

#[test]
fn what_is_no_bundle_is_refused() {
    let code = |bytes: &[u8]| entries(bytes).unwrap_err().code;
    for bytes in [&b""[..], b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01a\x00", b"\x00\x01a\x00\x01", b"\xff\xffa"] {
        assert_eq!(code(bytes), "bad_bundle", "{bytes:?}");
    }
    assert_eq!(code(&[0; 2 * 257]), "bad_bundle");
    assert_eq!(entries(&[0; 2 * 256]).unwrap().len(), 256);
    assert_eq!(bundle::<&[u8]>(&[]).unwrap_err().code, "bad_bundle");
    assert_eq!(bundle(&[""; 257]).unwrap_err().code, "bad_bundle");
    assert_eq!(bundle(&[vec![0; ENTRY_MAX + 1]]).unwrap_err().code, "bad_bundle");
}
