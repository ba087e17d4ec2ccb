//! The auth door: sign-in, refresh, sign-out.

pub mod entra;
