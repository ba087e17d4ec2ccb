//! The upstream: AWS Bedrock. Only here are AWS crates named.

mod error;

pub use error::{Blame, UpstreamError, UpstreamRefusal};
