//! Machinery that every door uses and that knows no door: accepting connections, reading requests within
//! limits, routing, answering.

mod body;
mod call;
pub mod reply;
pub mod route;

pub use body::{Body, BodyError};
pub use call::{Call, Connection, Peer};
pub use reply::Response;
pub use route::Route;
