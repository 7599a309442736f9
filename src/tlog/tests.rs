use super::*;
use std::collections::HashMap;

/// The leaves of Certificate Transparency's reference tests (RFC 6962), and the roots of their trees.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(hash: &Hash) -> String {
    hash.as_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

/// RFC 9162 section 2.1.1, word for word.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [one] => *one,
        more => {
            let mut k = 1;
            while 2 * k < more.len() {
                k *= 2;
            }
            node(&naive(&more[..k]), &naive(&more[k..]))
        }
    }
}

struct Tree(Vec<Hash>, HashMap<(u8, u64), Hash>);

impl Tree {
    fn of(size: u64) -> Self {
        let leaves: Vec<Hash> = (0..size).map(|n| leaf(&n.to_be_bytes())).collect();
        let (mut tree, mut nodes) = (Frontier::new(), HashMap::new());
        for hash in &leaves {
            tree.push(*hash, |level, index, hash| assert!(nodes.insert((level, index), hash).is_none()));
        }
        assert_eq!((tree.size(), tree.root()), (size, naive(&leaves)));
        Self(leaves, nodes)
    }
}

impl Nodes for Tree {
    type Error = String;

    fn node(&self, level: u8, index: u64) -> Result<Hash, String> {
        self.1.get(&(level, index)).copied().ok_or_else(|| format!("asked for node {level}, {index}"))
    }
}

#[test]
fn roots_are_those_of_the_reference() {
    assert_eq!(naive(&[]), Hash::EMPTY);
    let mut tree = Frontier::new();
    assert_eq!(tree.root(), Hash::EMPTY);
    for (content, root) in LEAVES.iter().zip(ROOTS) {
        tree.push(leaf(content), |_, _, _| {});
        assert_eq!(hex(&tree.root()), root);
    }
}

#[test]
fn every_inclusion_is_proven_and_nothing_else() {
    for size in (1..=70).chain([255, 256, 257]) {
        let tree = Tree::of(size);
        let root = tree.root(size).unwrap();
        let step = if size > 70 { 17 } else { 1 };
        for index in (0..size).step_by(step) {
            let proof = tree.inclusion(index, size).unwrap();
            let check = |leaf, index, size, proof: &[Hash]| verify_inclusion(&leaf, index, size, proof, &root);
            let own = tree.0[index as usize];
            assert_eq!(check(own, index, size, &proof), Ok(()));
            assert!(check(Hash::EMPTY, index, size, &proof).is_err());
            for other in (0..size).filter(|i| *i != index) {
                assert!(check(own, other, size, &proof).is_err(), "{index} as {other} of {size}");
            }
            assert_eq!(check(own, size, size, &proof), Err(ProofFailure::NoSuchLeaf));
            assert!(check(own, index, size, &[&proof[..], &[own]].concat()).is_err());
            for at in 0..proof.len() {
                let mut spoiled = proof.clone();
                spoiled.remove(at);
                assert!(check(own, index, size, &spoiled).is_err());
                spoiled.insert(at, Hash::EMPTY);
                assert_eq!(check(own, index, size, &spoiled), Err(ProofFailure::WrongRoot));
            }
        }
    }
}

#[test]
fn every_growth_is_proven_and_nothing_else() {
    let tree = Tree::of(130);
    let root = |size| tree.root(size).unwrap();
    for new in 0..=130 {
        for old in 0..=new {
            let proof = tree.consistency(old, new).unwrap();
            assert_eq!(verify_consistency(old, &root(old), new, &root(new), &proof), Ok(()), "{old} {new}");
            assert!(verify_consistency(old, &root(old), new, &root(new), &[&proof[..], &[root(1)]].concat()).is_err());
            if old < new {
                assert_eq!(verify_consistency(new, &root(new), old, &root(old), &proof), Err(ProofFailure::Shrunk));
                let spoiled = verify_consistency(old, &root(new), new, &root(new), &proof);
                // Of a power of two the old root itself is the first node on the way.
                let wrong = if old.is_power_of_two() { ProofFailure::WrongRoot } else { ProofFailure::WrongOldRoot };
                assert_eq!(spoiled, Err(wrong), "{old} {new}");
            }
            if 0 < old && old < new {
                assert!(verify_consistency(old, &root(old), new, &root(old), &proof).is_err());
                for at in 0..proof.len() {
                    let mut spoiled = proof.clone();
                    spoiled.remove(at);
                    assert!(verify_consistency(old, &root(old), new, &root(new), &spoiled).is_err());
                    spoiled.insert(at, Hash::EMPTY);
                    assert!(verify_consistency(old, &root(old), new, &root(new), &spoiled).is_err());
                }
            }
        }
    }
}

#[test]
fn tiles_have_the_paths_of_the_specification() {
    for (tile, path) in [
        (TileId::hashes(0, 1_234_067), "tile/0/x001/x234/067"),
        (TileId::hashes(0, 0), "tile/0/000"),
        (TileId::hashes(7, 999), "tile/7/999"),
        (TileId::hashes(1, 1000), "tile/1/x001/000"),
        (TileId::hashes(0, 273).of_width(112), "tile/0/273.p/112"),
        (TileId::entries(1_234_067), "tile/entries/x001/x234/067"),
        (TileId::entries(5).of_width(1), "tile/entries/005.p/1"),
    ] {
        assert_eq!(tile.path(), path);
        assert_eq!(TileId::parse(path), Some(tile));
    }
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/8/000",
        "tile/-1/000",
        "tile/00/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/001/000",
        "tile/0/x000/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/data/000",
        "tile/entries/0",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/+00",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ] {
        assert_eq!(TileId::parse(path), None, "{path}");
    }
}

#[test]
fn a_tree_in_tiles_is_the_same_tree() {
    for size in [1, 2, 255, 256, 257, 511, 512, 700, 66_000] {
        let tree = Tree::of(size);
        let tile = |id: &TileId| -> Result<Vec<u8>, Missing> {
            let from = id.index() * TILE_WIDTH;
            let hashes = (from..from + u64::from(id.width())).map(|i| tree.node(8 * id.level(), i));
            Ok(tile_bytes(&hashes.collect::<Result<Vec<_>, _>>().map_err(Missing)?))
        };
        let tiles = FromTiles::new(size, tile);
        assert_eq!(tiles.root(size).unwrap(), tree.root(size).unwrap(), "{size}");
        for index in (0..size).step_by(1 + size as usize / 7) {
            assert_eq!(
                tiles.inclusion(index, size).unwrap(),
                tree.inclusion(index, size).unwrap(),
                "{index} of {size}"
            );
            assert_eq!(tiles.consistency(index, size).unwrap(), tree.consistency(index, size).unwrap());
        }
    }
}

#[derive(Debug)]
struct Missing(#[allow(dead_code, reason = "shown when a test fails")] String);

impl From<BadTile> for Missing {
    fn from(bad: BadTile) -> Self {
        Self(bad.to_string())
    }
}

#[test]
fn a_bundle_gives_its_entries_back() {
    let all: Vec<Vec<u8>> = vec![vec![], b"{}".to_vec(), vec![7; ENTRY_MAX]];
    let bytes = bundle(&all);
    assert_eq!(entries(&bytes).unwrap(), all);
    for cut in [1, 3, bytes.len() - 1] {
        assert_eq!(entries(&bytes[..cut]), Err(BadBundle), "{cut}");
    }
    assert_eq!(entries(&[]), Err(BadBundle));
    assert_eq!(entries(&[0; 2 * 257]), Err(BadBundle));
}

#[test]
fn a_checkpoint_has_one_way_to_be_written() {
    let checkpoint = Checkpoint { origin: "xb.example.cn/log".into(), size: 20_852_163, root: Hash::EMPTY };
    let text = checkpoint.text();
    assert_eq!(text, "xb.example.cn/log\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint));
    for (was, is, code) in [
        ("xb.example.cn/log", "", "checkpoint_origin"),
        ("20852163", "020852163", "checkpoint_size"),
        ("20852163", "+20852163", "checkpoint_size"),
        ("20852163", "-1", "checkpoint_size"),
        ("20852163", "18446744073709551616", "checkpoint_size"),
        ("uFU=", "uFU", "checkpoint_root"),
        ("uFU=", "uFV=", "checkpoint_root"),
        ("47DE", "", "checkpoint_root"),
        ("uFU=\n", "uFU=", "checkpoint_lines"),
        ("uFU=\n", "uFU=\nextension\n", "checkpoint_lines"),
        ("uFU=\n", "uFU=\n\n", "checkpoint_lines"),
        ("\n20852163", "", "checkpoint_lines"),
    ] {
        let other = text.replacen(was, is, 1);
        assert_ne!(other, text);
        assert_eq!(Checkpoint::parse(&other).unwrap_err().code(), code, "{other:?}");
    }
}
