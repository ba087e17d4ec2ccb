//! Rules. No HTTP, no I/O, and the time is a parameter.

pub mod audit;
pub mod limit;
pub mod model;
pub mod pattern;
pub mod policy;
pub mod price;
pub mod session;
pub mod usage;
