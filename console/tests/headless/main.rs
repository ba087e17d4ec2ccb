//! The program without its screens: what it prints, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod contract;
mod failure;
mod look;
mod name;
mod question;
mod steer;
mod stream;
mod world;
