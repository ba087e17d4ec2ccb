//! The LLM gateway: every surface that clients speak, in front of one Bedrock.

pub mod bedrock;
pub mod error;
pub mod translate;
pub mod wire;

pub use error::{Dialect, Refusal};
