//! The agent on a workstation, as a program, against the real daemon in a sandbox and a small mirror of its own.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod authority;
#[allow(dead_code, reason = "the daemon's tests use all of it")]
#[path = "../../../daemon/tests/doors/certificate.rs"]
mod certificate;
mod disk;
mod doctor;
mod install;
#[path = "../../../daemon/tests/client/isolation.rs"]
mod isolation;
mod kill;
mod mirror;
mod package;
mod real;
mod script;
mod server;
mod unit;
mod windows;
mod world;
