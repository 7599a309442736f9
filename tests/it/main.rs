//! The one integration binary.

mod store_contract;
mod store_crash;
mod store_damage;
mod store_disk;
mod store_kill;
mod store_kit;
mod store_moves;
