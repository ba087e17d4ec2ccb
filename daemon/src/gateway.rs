//! The LLM gateway: every surface that clients speak, in front of one Bedrock.

pub mod wire;
