//! The workstation's agent as a library: the program, its tests and its benchmark share it.

pub mod cli;
pub mod client;
pub mod clock;
pub mod command;
pub mod config;
pub mod credential;
pub mod doctor;
pub mod file;
pub mod identity;
pub mod install;
pub mod journal;
pub mod os;
pub mod output;
pub mod package;
pub mod renewal;
pub mod settings;
pub mod signin;
pub mod unit;
