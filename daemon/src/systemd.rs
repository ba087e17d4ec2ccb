//! What a service manager and we tell each other: how we are, that we live, and sockets that it bound for us.
//!
//! Started by anything else, nothing of it happens.

pub mod notify;
pub mod socket;
pub mod watchdog;

pub use notify::Notify;
pub use socket::Sockets;
