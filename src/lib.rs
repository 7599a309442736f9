//! starmark: issues, signs, logs and answers for after-sales-service certificates (GB/T 27922-2011).
//!
//! Imports run downwards only; neighbours on one floor never import each other.

pub mod domain; // floor 0: the words of the scheme
pub mod draw; // floor 0: pages in millimetres, and the files they leave in
pub mod mark; // floor 1: the printed star mark
pub mod print; // floor 1: pages of paper
pub mod sign; // floor 1: keys, canonical JSON, proofs
pub mod status; // floor 1: status lists, bit by bit
pub mod tlog; // floor 1: the log's Merkle tree
pub mod verify; // floor 2: record + keys + register -> verdict

#[cfg(feature = "server")]
pub mod cli; // floor 5: the command line
#[cfg(feature = "server")]
pub mod http; // floor 5: the service over HTTP
#[cfg(feature = "server")]
pub mod service; // floor 4: use cases
#[cfg(feature = "server")]
pub mod store; // floor 3: where events are kept
