use super::*;
use std::convert::Infallible;

/// A tree by the definition alone (RFC 9162 section 2.1.1): nothing is stored but the leaves.
struct Naive(Vec<Hash>);

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

impl Nodes for Naive {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let from = (index as usize) << level;
        Ok(mth(&self.0[from..from + (1 << level)]))
    }
}

fn naive(size: u64) -> Naive {
    Naive((0..size).map(|i| leaf(&i.to_be_bytes())).collect())
}

#[test]
fn every_proof_of_small_trees_verifies() {
    let tree = naive(70);
    let roots: Vec<Hash> = (0..=70).map(|n| mth(&tree.0[..n])).collect();
    let mut frontier = Frontier::new();
    for size in 0..=70u64 {
        let root = roots[size as usize];
        assert_eq!(frontier.root(), root);
        assert_eq!(Frontier::load(size, &tree), Ok(frontier.clone()));
        assert_eq!(tree.root(size), Ok(root));
        for index in 0..size {
            let proof = tree.inclusion(index, size).unwrap();
            assert_eq!(verify_inclusion(tree.0[index as usize], index, size, &proof, root), Ok(()));
        }
        for old in 0..=size {
            let proof = tree.consistency(old, size).unwrap();
            assert_eq!(verify_consistency(old, roots[old as usize], size, root, &proof), Ok(()), "{old} {size}");
        }
        if size < 70 {
            frontier.push(tree.0[size as usize], |level, index, hash| {
                assert_eq!(tree.node(level, index), Ok(hash));
            });
        }
    }
}

#[test]
fn tile_addresses() {
    let id = TileId::new(TileKind::Hashes(0), 1_234_067, 256).unwrap();
    assert_eq!(id.path(), "tile/0/x001/x234/067");
    assert_eq!(TileId::parse("tile/0/x001/x234/067"), Ok(id));
}
