//! The real clients against the real daemon: Claude Code, and the official Python SDKs.
//!
//! Each test runs in namespaces of its own, with loopback as its only network and an `/etc` of its own, so that it
//! proves what it says about the Internet and leaves the machine as it is. What they need is named by the
//! environment: `SALLYPORT_TEST_CLAUDE`, the `claude` binary of Claude Code for Linux; `SALLYPORT_TEST_PYTHON`, a
//! Python that has the packages `anthropic[bedrock]`, `openai`, `boto3` and `prometheus-client`; `SALLYPORT_TEST_IMAGE`, an
//! image that `.ci/image` has built.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests may")]

mod claude;
mod container;
mod guide;
mod isolation;
mod machine;
mod metric;
mod recovery;
mod rules;
mod sdk;
mod steer;
mod symptom;
mod tap;
mod token;

/// A test of a client: it is left out unless asked for, and runs in isolation.
macro_rules! client_test {
    ($needs:literal, $name:ident, $body:expr) => {
        #[test]
        #[ignore = $needs]
        fn $name() {
            crate::isolation::run(concat!(module_path!(), "::", stringify!($name)), $body);
        }
    };
}
pub(crate) use client_test;

/// A test of Claude Code that must hold in both of its modes: `$test` takes the mode.
macro_rules! in_both_modes {
    ($name:ident, $test:expr) => {
        mod $name {
            use super::*;
            use crate::{client_test, machine::Mode};

            client_test!("needs the real Claude Code client", as_by_bedrock, || $test(Mode::Bedrock));
            client_test!("needs the real Claude Code client", as_by_anthropic, || $test(Mode::Anthropic));
        }
    };
}
pub(crate) use in_both_modes;
