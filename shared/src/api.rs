//! Wire types of our own services, one module a service.

pub mod auth;
