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
mod full;
mod install;
#[path = "../../../daemon/tests/client/isolation.rs"]
mod isolation;
mod kill;
mod mirror;
mod package;
mod real;
mod revoked;
mod script;
mod server;
#[path = "../../../daemon/tests/client/tap.rs"]
mod tap;
mod unit;
mod windows;
mod world;

/// A test in namespaces of its own: it is left out unless asked for.
macro_rules! isolated_test {
    ($needs:literal, $name:ident, $body:expr) => {
        #[test]
        #[ignore = $needs]
        fn $name() {
            crate::isolation::run(concat!(module_path!(), "::", stringify!($name)), $body);
        }
    };
}
pub(crate) use isolated_test;
