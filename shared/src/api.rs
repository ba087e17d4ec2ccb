//! Wire types of our own services, one module a service.

pub mod admin;
pub mod auth;
