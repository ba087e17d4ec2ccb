//! However the program ends, the terminal is as it was before, and what was last said can be read.

use std::{fs, path::Path};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use sallyportd::sandbox::{Options, Sandbox};

use super::{
    PROGRAM,
    terminal::{Ended, Terminal},
};

/// Rust ends a program that panicked with this status.
const PANICKED: u32 = 101;

fn process(terminal: &Terminal) -> Pid {
    Pid::from_raw(terminal.process().try_into().unwrap()).unwrap()
}

/// No further thread fits into the program: its stack alone has 2 MiB. What is smaller still does.
fn leave_no_room_for_a_thread(program: Pid) {
    let status = fs::read_to_string(format!("/proc/{}/status", program.as_raw_nonzero())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB"));
    let kilobytes: u64 = size.unwrap().trim().parse().unwrap();
    let most = Some((kilobytes + 3 * 512) * 1024);
    prlimit(Some(program), Resource::As, Rlimit { current: most, maximum: most }).unwrap();
}

/// A panic is told where people read it, below what stood there before and above the prompt.
fn assert_told(ended: &Ended, panic: &str) {
    let Ended { status, is_restored, text } = ended;
    assert!(*is_restored && status.exit_code() == PANICKED, "{status:?}\n{text}");
    let (told, prompt) = (text.find(panic), text.find("$ "));
    assert!(told.is_some() && told < prompt, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_given_back_on_every_signal_that_ends_a_program() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let mut terminal = Terminal::open(PROGRAM, sandbox.admin_socket(), (80, 24));
        terminal.see("live").await;
        sandbox.stop().await;
        terminal.see("not reachable").await;
        kill_process(process(&terminal), signal).unwrap();
        let ended = terminal.end().await;
        assert!(ended.is_restored && ended.text.trim() == "$", "{signal:?}\n{}", ended.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_given_back_when_the_screens_panic_as_they_open() {
    // Where no thread can have such a stack, whoever starts one panics: here what reads the keys.
    let stack = format!("RUST_MIN_STACK={}", 1_u64 << 46);
    let nowhere = Path::new("/nowhere/admin.sock");
    let terminal = Terminal::open_with("/usr/bin/env", nowhere, &[&stack, PROGRAM], (100, 24));
    assert_told(&terminal.end().await, "failed to spawn thread");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_given_back_when_a_task_panics_behind_the_screens() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut terminal = Terminal::open(PROGRAM, sandbox.admin_socket(), (100, 24));
    terminal.see("live").await;
    leave_no_room_for_a_thread(process(&terminal));
    // Looking into the mirror's folder takes a thread.
    terminal.press("7");
    assert_told(&terminal.end().await, "OS can't spawn worker thread");
}
