//! Trees and proofs against the published reference data and against the definitions, worked out naively.

use super::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;

/// A tree whose nodes are kept as they become complete.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) frontier: Frontier,
    nodes: HashMap<(u8, u64), Hash>,
    /// Leaves of the tree that is asked about: nodes that do not lie whole in it may not be asked for.
    bound: RefCell<u64>,
}

impl Stored {
    pub(super) fn of(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut stored = Self::default();
        for leaf in leaves {
            stored.frontier.push(leaf, |level, index, hash| {
                assert_eq!(stored.nodes.insert((level, index), hash), None, "a node becomes complete once");
            });
        }
        stored.bound = stored.frontier.size().into();
        stored
    }

    pub(super) fn numbered(size: u64) -> Self {
        Self::of((0..size).map(|i| leaf(&i.to_be_bytes())))
    }

    pub(super) fn leaf(&self, index: u64) -> Hash {
        self.nodes[&(0, index)]
    }

    fn bounded(&self, size: u64) -> &Self {
        *self.bound.borrow_mut() = size;
        self
    }
}

impl Nodes for Stored {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        assert!((index + 1) << level <= *self.bound.borrow(), "node {index} of level {level} is not whole");
        Ok(self.nodes[&(level, index)])
    }
}

/// RFC 9162 section 2.1.1, MTH.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node(&mth(left), &mth(right))
        }
    }
}

/// RFC 9162 section 2.1.3.1, PATH.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let half = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(half);
    let (mut proof, other) = if index < half { (path(index, left), right) } else { (path(index - half, right), left) };
    proof.push(mth(other));
    proof
}

/// RFC 9162 section 2.1.4.1, SUBPROOF.
fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { vec![] } else { vec![mth(leaves)] };
    }
    let half = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(half);
    let (mut proof, other) =
        if old <= half { (subproof(old, left, whole), right) } else { (subproof(old - half, right, false), left) };
    proof.push(mth(other));
    proof
}

fn unhex(text: &str) -> Hash {
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect();
    Hash::from_slice(&bytes).unwrap()
}

/// Leaves and roots that implementations of Certificate Transparency test with.
const REFERENCE: [(&[u8], &str); 8] = [
    (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    (b"\x00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (b"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    (b" !", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (b"01", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    (b"@ABC", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    (b"PQRSTUVW", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (b"`abcdefghijklmno", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
];

fn reference() -> Stored {
    Stored::of(REFERENCE.iter().map(|(entry, _)| leaf(entry)))
}

#[test]
fn the_reference_roots() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), Hash::EMPTY);
    assert_eq!(Hash::EMPTY, unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    for (entry, root) in REFERENCE {
        frontier.push(leaf(entry), |_, _, _| ());
        assert_eq!(frontier.root(), unhex(root));
    }
}

#[test]
fn the_reference_inclusion_proofs() {
    let tree = reference();
    let check = |index: u64, size: u64, expect: &[&str]| {
        let expect: Vec<Hash> = expect.iter().map(|h| unhex(h)).collect();
        assert_eq!(tree.inclusion(index, size), Ok(expect), "{index} in {size}");
    };
    check(0, 1, &[]);
    check(
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    );
    check(
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    );
    check(2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]);
    check(
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    );
}

#[test]
fn the_reference_consistency_proofs() {
    let tree = reference();
    let check = |old: u64, new: u64, expect: &[&str]| {
        let expect: Vec<Hash> = expect.iter().map(|h| unhex(h)).collect();
        assert_eq!(tree.consistency(old, new), Ok(expect), "{old} to {new}");
    };
    check(1, 1, &[]);
    check(
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    );
    check(
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    );
    check(
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    );
}

#[test]
fn every_proof_of_every_tree_up_to_130_leaves() {
    const MOST: u64 = 130;
    let tree = Stored::numbered(MOST);
    let leaves: Vec<Hash> = (0..MOST).map(|i| tree.leaf(i)).collect();
    let root = |size: u64| mth(&leaves[..size as usize]);
    let mut frontier = Frontier::new();
    for size in 0..=MOST {
        let tree = tree.bounded(size);
        let (all, new_root) = (&leaves[..size as usize], root(size));
        assert_eq!((frontier.size(), frontier.root()), (size, new_root));
        assert_eq!(tree.root(size), Ok(new_root));
        assert_eq!(Frontier::load(size, tree).as_ref(), Ok(&frontier));
        for index in 0..size {
            let proof = tree.inclusion(index, size).unwrap();
            assert_eq!(proof, path(index as usize, all), "{index} in {size}");
            assert_eq!(verify_inclusion(tree.leaf(index), index, size, &proof, new_root), Ok(()), "{index} in {size}");
        }
        for old in 0..=size {
            let proof = tree.consistency(old, size).unwrap();
            let expect = if old == 0 { vec![] } else { subproof(old as usize, all, true) };
            assert_eq!(proof, expect, "{old} to {size}");
            assert_eq!(verify_consistency(old, root(old), size, new_root, &proof), Ok(()), "{old} to {size}");
        }
        if let Some(leaf) = leaves.get(size as usize) {
            frontier.push(*leaf, |_, _, _| ());
        }
    }
}

/// A tree of any size in which all leaves but a few are the same: any of its nodes can be computed.
struct Sparse {
    odd: Vec<u64>,
    common: Vec<Hash>,
    known: RefCell<HashMap<(u8, u64), Hash>>,
}

impl Sparse {
    fn new(odd: &[u64]) -> Self {
        let common = std::iter::successors(Some(leaf(b"same")), |h| Some(node(h, h))).take(64).collect();
        Self { odd: odd.to_vec(), common, known: RefCell::default() }
    }
}

impl Nodes for Sparse {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        if !self.odd.iter().any(|odd| odd >> level == index) {
            return Ok(self.common[usize::from(level)]);
        }
        let known = self.known.borrow().get(&(level, index)).copied();
        let hash = match (level, known) {
            (_, Some(hash)) => hash,
            (0, None) => leaf(&index.to_be_bytes()),
            _ => node(&self.node(level - 1, 2 * index)?, &self.node(level - 1, 2 * index + 1)?),
        };
        self.known.borrow_mut().insert((level, index), hash);
        Ok(hash)
    }
}

#[test]
fn proofs_of_the_largest_trees() {
    let odd = [0, 1, 300, 70_000, 1 << 40, (1 << 40) + 12_345, (1 << 62) - 1, 1 << 62, MAX_SIZE - 1];
    let sizes = [1, 2, 257, 69_999, 70_001, (1 << 40) + 1, (1 << 41) - 1, 1 << 62, (1 << 62) + 1, MAX_SIZE];
    let tree = Sparse::new(&odd);
    for size in sizes {
        let root = tree.root(size).unwrap();
        assert_eq!(Frontier::load(size, &tree).unwrap().root(), root);
        for index in odd.into_iter().filter(|index| *index < size) {
            let proof = tree.inclusion(index, size).unwrap();
            assert_eq!(verify_inclusion(leaf(&index.to_be_bytes()), index, size, &proof, root), Ok(()));
            let other = verify_inclusion(leaf(b"same"), index, size, &proof, root);
            assert_eq!(other, Err(ProofFailure::Root), "{index} in {size}");
        }
        for old in sizes.into_iter().filter(|old| *old <= size) {
            let (old_root, proof) = (tree.root(old).unwrap(), tree.consistency(old, size).unwrap());
            assert_eq!(verify_consistency(old, old_root, size, root, &proof), Ok(()), "{old} to {size}");
            // The earlier tree with another leaf is no beginning of this one.
            let other = Sparse::new(&odd[1..]).root(old).unwrap();
            assert!(verify_consistency(old, other, size, root, &proof).is_err(), "{old} to {size}");
        }
    }
}

/// Every proof that differs from this one in one bit, one hash or one place.
fn mutations(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut out = vec![];
    let mut changed = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut copy = proof.to_vec();
        change(&mut copy);
        if copy != proof {
            out.push(copy);
        }
    };
    for at in 0..proof.len() {
        for bit in 0..256 {
            changed(&|p| {
                let mut bytes = p[at].to_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                p[at] = Hash::from_bytes(bytes);
            });
        }
        changed(&|p| *p = [&p[..at], &p[at + 1..]].concat());
        changed(&|p| p.insert(at, p[at]));
        changed(&|p| p.truncate(at));
        (0..at).for_each(|other| changed(&|p| p.swap(at, other)));
    }
    for at in 0..=proof.len() {
        changed(&|p| p.insert(at, Hash::EMPTY));
    }
    changed(&|p| p.extend(proof));
    out
}

#[test]
fn a_changed_inclusion_proof_is_refused() {
    let tree = Stored::numbered(18);
    let roots: Vec<Hash> = (0..=18).map(|size| tree.root(size).unwrap()).collect();
    for size in 1..=18u64 {
        let root = roots[size as usize];
        for index in 0..size {
            let (leaf, proof) = (tree.leaf(index), tree.inclusion(index, size).unwrap());
            for changed in mutations(&proof) {
                let answer = verify_inclusion(leaf, index, size, &changed, root);
                let expect = match changed.len().cmp(&proof.len()) {
                    std::cmp::Ordering::Less => ProofFailure::TooShort,
                    std::cmp::Ordering::Equal => ProofFailure::Root,
                    std::cmp::Ordering::Greater => ProofFailure::TooLong,
                };
                assert_eq!(answer, Err(expect), "{index} in {size}");
            }
            for other in (0..20).filter(|other| *other != index) {
                assert!(verify_inclusion(leaf, other, size, &proof, root).is_err(), "{index} as {other} in {size}");
            }
            for (other, other_root) in (0..).zip(&roots).filter(|(other, _)| *other != size) {
                assert!(verify_inclusion(leaf, index, other, &proof, *other_root).is_err());
                assert!(verify_inclusion(leaf, index, size, &proof, *other_root).is_err());
            }
            let past = ProofFailure::NoSuchLeaf { index: size + index, size };
            assert_eq!(verify_inclusion(leaf, size + index, size, &proof, root), Err(past));
        }
    }
    let none = ProofFailure::NoSuchLeaf { index: 0, size: 0 };
    assert_eq!(verify_inclusion(Hash::EMPTY, 0, 0, &[], Hash::EMPTY), Err(none));
}

#[test]
fn a_changed_consistency_proof_is_refused() {
    let tree = Stored::numbered(18);
    let roots: Vec<Hash> = (0..=18).map(|size| tree.root(size).unwrap()).collect();
    for new in 0..=18u64 {
        for old in 0..=new {
            let (old_root, new_root) = (roots[old as usize], roots[new as usize]);
            let proof = tree.consistency(old, new).unwrap();
            for changed in mutations(&proof) {
                assert!(verify_consistency(old, old_root, new, new_root, &changed).is_err(), "{old} to {new}");
            }
            for (other, root) in (0..).zip(&roots) {
                if other != old {
                    assert!(verify_consistency(old, *root, new, new_root, &proof).is_err(), "{old} to {new}");
                    assert!(verify_consistency(other, old_root, new, new_root, &proof).is_err(), "{old} to {new}");
                }
                // Of the empty tree every tree is a continuation.
                if other != new && old != 0 {
                    assert!(verify_consistency(old, old_root, new, *root, &proof).is_err(), "{old} to {new}");
                }
            }
        }
    }
}

#[test]
fn the_edges_of_consistency() {
    let (one, two) = (leaf(b"1"), leaf(b"2"));
    let check = |old: (u64, Hash), new: (u64, Hash), proof: &[Hash], expect: Result<(), ProofFailure>| {
        assert_eq!(verify_consistency(old.0, old.1, new.0, new.1, proof), expect, "{old:?} {new:?} {proof:?}");
    };
    check((0, Hash::EMPTY), (0, Hash::EMPTY), &[], Ok(()));
    check((0, Hash::EMPTY), (9, one), &[], Ok(()));
    check((0, Hash::EMPTY), (9, one), &[two], Err(ProofFailure::TooLong));
    check((0, one), (0, one), &[], Err(ProofFailure::OldRoot));
    check((0, one), (9, two), &[], Err(ProofFailure::OldRoot));
    check((0, Hash::EMPTY), (0, one), &[], Err(ProofFailure::Root));
    check((7, one), (7, one), &[], Ok(()));
    check((7, one), (7, two), &[], Err(ProofFailure::Root));
    check((7, one), (7, one), &[two], Err(ProofFailure::TooLong));
    check((7, one), (6, one), &[], Err(ProofFailure::NoSuchPast { old: 7, new: 6 }));
    check((1, one), (2, node(&one, &two)), &[two], Ok(()));
    check((1, one), (2, node(&one, &two)), &[], Err(ProofFailure::TooShort));
    check((3, one), (4, two), &[], Err(ProofFailure::TooShort));
    check((u64::MAX - 1, one), (u64::MAX, two), &[one; 200], Err(ProofFailure::TooLong));
}

#[test]
fn what_is_not_in_the_tree_has_no_proof() {
    let tree = reference();
    assert_eq!(tree.inclusion(8, 8), Err(TreeFailure::NoSuchLeaf { index: 8, size: 8 }));
    assert_eq!(tree.inclusion(0, 0), Err(TreeFailure::NoSuchLeaf { index: 0, size: 0 }));
    assert_eq!(tree.consistency(5, 4), Err(TreeFailure::NoSuchPast { old: 5, new: 4 }));
    assert_eq!(tree.consistency(0, 8), Ok(vec![]));
    assert_eq!(tree.consistency(8, 8), Ok(vec![]));
}

#[test]
fn a_leaf_is_no_node() {
    let (one, two) = (leaf(b"1"), leaf(b"2"));
    let both = [one.to_bytes(), two.to_bytes()].concat();
    assert_ne!(leaf(&both), node(&one, &two));
}

#[test]
fn a_hash_has_one_text() {
    let text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_eq!(Hash::EMPTY.to_base64(), text);
    assert_eq!(Hash::from_base64(text), Ok(Hash::EMPTY));
    let url = text.replace('+', "-").replace('/', "_");
    // The last character but one holds two bits that must be zero: with V they are not.
    let loose = text.replace("U=", "V=");
    for bad in ["", "=", &text[..43], &format!("{text}="), &format!("{text}\n"), &format!(" {text}"), &url, &loose] {
        assert_eq!(Hash::from_base64(bad).unwrap_err().code, "bad_hash", "{bad}");
    }
}
