//! The one integration binary.

mod store_contract;
mod store_kit;
