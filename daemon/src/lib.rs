//! The Sallyport daemon as a library: `main` runs it, the sandbox and every test use the same parts.

pub mod admin;
pub mod app;
pub mod auth;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod event;
pub mod gateway;
pub mod histogram;
pub mod http;
pub mod install;
pub mod keyring;
pub mod ledger;
pub mod live;
pub mod metric;
pub mod part;
pub mod refusal;
pub mod reload;
pub mod sandbox;
pub mod session;
pub mod store;
pub mod task;
pub mod telemetry;
pub mod traffic;
