//! The one integration binary: what a user relies on, tried through the doors a user has.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod cli_demo;
mod cli_import;
mod cli_init;
mod cli_issue;
mod cli_kit;
mod cli_orders;
mod cli_verify;
mod doors;
mod harness;
mod interop_credential;
mod interop_issued;
mod interop_openssl;
mod key_life;
mod lives;
mod main_job;
mod pages;
mod race;
mod searching;
mod store_contract;
mod store_crash;
mod store_damage;
mod store_disk;
mod store_kill;
mod store_kit;
mod store_moves;
mod store_races;
mod succession;
mod tidy;
mod vectors_domain;
mod vectors_ed25519;
mod vectors_jcs;
mod vectors_proof;
mod vectors_support;
mod wrong_input;
