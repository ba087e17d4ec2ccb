//! The doors over real sockets, with the sandbox around them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod admin;
mod auth;
mod certificate;
mod crash;
mod doctor;
mod gateway;
mod hostile;
mod install;
mod metric;
mod reload;
mod run;
mod sandbox;
