//! The whole system on loopback: the real daemon between a simulated Entra and a simulated Bedrock.

pub mod bedrock;
pub mod entra;
