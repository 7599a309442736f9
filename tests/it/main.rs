//! The one integration binary: what a user relies on, tried through the doors a user has.

mod lives;
mod vectors_domain;
