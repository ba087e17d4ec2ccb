//! The `sallyportd` program.

fn main() {}
