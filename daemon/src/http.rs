//! Machinery that every door uses and that knows no door: accepting connections, reading requests within
//! limits, routing, answering.

mod body;
mod call;
mod converse;
mod direct;
pub mod file;
mod head;
pub mod health;
mod patience;
pub mod reply;
pub mod route;
pub mod serve;
pub mod tls;

pub use body::{Body, BodyError};
pub use call::{Call, Connection, Peer};
pub use reply::Response;
pub use route::Route;
