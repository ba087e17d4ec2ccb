//! A daemon in the background, as a test has it.

use std::{fs, os::fd::OwnedFd, process::Output, time::Duration};

use reqwest::Client;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal},
};
use sallyportd::sandbox::entra::User;
use serde_json::json;
use shared::api::auth::TokenAnswer;
use tokio::time::timeout;

use super::daemon::{NEVER, World};

pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// A daemon that nobody's child is. It does not outlive the test.
pub(super) struct Detached<'w> {
    world: &'w World,
    pub(super) pid: Pid,
    ended: OwnedFd,
}

pub(super) fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let files = ["run", "--daemonize", "--pid-file", "sallyportd.pid", "--log-file", "sallyportd.log"];
    files.iter().chain(more).copied().collect()
}

pub(super) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl<'w> Detached<'w> {
    /// It ends only when the daemon has let go of stdout and stderr.
    pub(super) async fn start(world: &'w World, more: &[&str]) -> Self {
        let output = world.output(&arguments(more)).await;
        assert_eq!((output.status.code(), words(&output).as_str()), (Some(0), ""));
        assert!(output.stdout.is_empty());
        let pid = pid_of(world);
        let ended = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        Self { world, pid, ended }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    pub(super) async fn ended(&self) {
        let has_ended = || {
            let mut watched = [PollFd::new(&self.ended, PollFlags::IN)];
            poll(&mut watched, Some(&Timespec::default())).unwrap() > 0
        };
        let waiting = timeout(NEVER, async {
            while !has_ended() {
                tokio::time::sleep(PAUSE).await;
            }
        });
        waiting.await.expect("the daemon does not end");
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.world.path("sallyportd.log")).unwrap()
    }

    pub(super) async fn until(&self, words: &str) {
        let waiting = timeout(NEVER, async {
            while !self.log().contains(words) {
                tokio::time::sleep(PAUSE).await;
            }
        });
        assert!(waiting.await.is_ok(), "the log never held `{words}` but:\n{}", self.log());
    }

    pub(super) fn url(&self, service: &str) -> String {
        let log = self.log();
        let after = log.split(&format!("service={service} url=")).nth(1).unwrap();
        after.split('\n').next().unwrap().to_owned()
    }

    pub(super) async fn sign_in(&self, client: &Client) -> TokenAnswer {
        let body = json!({ "id_token": self.world.entra.id_token(User::ADA) });
        let request = client.post(format!("{}/auth/verify", self.url("auth"))).json(&body);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(super) async fn stop(self) {
        self.signal(Signal::TERM);
        self.ended().await;
        assert!(!self.world.path("sallyportd.pid").exists());
    }
}

impl Drop for Detached<'_> {
    fn drop(&mut self) {
        let _ = pidfd_send_signal(&self.ended, Signal::KILL);
    }
}

pub(super) fn pid_of(world: &World) -> Pid {
    let text = fs::read_to_string(world.path("sallyportd.pid")).unwrap();
    Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}
