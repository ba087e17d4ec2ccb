//! The real program with the sandbox's auth server and Entra, over real sockets: signing in, handing out tokens,
//! refreshing them, signing out, and everything that can go wrong meanwhile.

// The sandbox runs on Unix only.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod azure_cli;
mod browser;
mod device_code;
mod disk;
mod failure;
mod guide;
mod kill;
mod refresh;
mod revoked;
mod server;
mod session;
mod tls;
mod workstation;
