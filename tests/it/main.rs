//! The one integration test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod interop_credential;
mod interop_openssl;
mod vectors_ed25519;
mod vectors_jcs;
mod vectors_proof;
mod vectors_support;
