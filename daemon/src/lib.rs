//! The Sallyport daemon as a library: `main` runs it, the sandbox and every test use the same parts.

pub mod auth;
pub mod clock;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod keyring;
pub mod ledger;
pub mod live;
pub mod sandbox;
pub mod session;
pub mod store;
pub mod task;
