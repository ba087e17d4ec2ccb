//! One dialect into another: pure functions from a request's bytes to Bedrock's, and from Bedrock's to an
//! answer's.
//!
//! Invariant: what needs no change is not rebuilt; it goes on byte for byte. No error quotes a request's content.

mod bad_request;
mod fault;
mod object;

pub mod chat;
pub mod messages;
pub mod sse;
pub mod stream;

#[cfg(test)]
mod golden;

pub use bad_request::BadRequest;
pub use fault::Fault;
