//! The mirror from the screens, against a release server of its own: begun, stopped, taken up again, verified, rolled
//! back. No daemon runs: none is needed.

use std::{fs, fs::File};

use bytes::Bytes;
use rustix::fs::{FlockOperation, flock};
use sallyport::mirror::{history, survey};
use shared::platform::Platform;

use crate::{
    ENTER, PROGRAM, TAB,
    server::Answer,
    terminal::Terminal,
    world::{World, content},
};

const LINUX: &str = "2.1.300/linux-x64/claude";

/// The screens on the folder of a world, by its source and its key.
fn open(world: &World) -> Terminal {
    let folder = world.output();
    let (key, socket) = (folder.with_file_name("signer.key"), folder.with_file_name("admin.sock"));
    fs::write(&key, world.signer.public_key()).unwrap();
    let source = format!("http://{}", world.server.address);
    let args = ["--output", folder.to_str().unwrap(), "--source", &source, "--key", key.to_str().unwrap()];
    Terminal::open_with(PROGRAM, &socket, &args, (120, 40))
}

/// Orders what the form proposes: all of what `latest` names.
async fn start(terminal: &mut Terminal) {
    terminal.press("m");
    terminal.see("Mirror a release").await;
    terminal.press("new release");
    for key in [TAB, TAB, TAB, TAB, TAB, ENTER] {
        terminal.press(key);
    }
}

fn damage(world: &World) {
    let path = world.output().join("claude-code-releases").join(LINUX);
    let mut rotten = fs::read(&path).unwrap();
    rotten[0] ^= 1;
    fs::write(&path, rotten).unwrap();
}

async fn quit(mut terminal: Terminal) {
    terminal.press("q");
    let ended = terminal.end().await;
    assert!(ended.status.success() && ended.is_restored, "{:?}", ended.status);
}

/// A mirror of which one file does not come to its end.
async fn begun(world: &World, whole: &Bytes) -> Terminal {
    world.server.put(LINUX, Answer::Held(whole.clone(), 20_000));
    let mut terminal = open(world);
    terminal.press("7");
    terminal.see("there is no release yet").await;
    start(&mut terminal).await;
    terminal
        .until(|seen| seen.contains("mirroring latest: 2.1.300") && seen.matches("verified").count() == 7)
        .await;
    assert!(terminal.text().contains("fetching"), "{}", terminal.text());
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_begun_stopped_and_taken_up_again() {
    let world = World::with_release("2.1.300").await;
    let whole = content("2.1.300", Platform::LinuxX64);
    let mut terminal = begun(&world, &whole).await;
    terminal.press("1");
    terminal.see("Sallyport · mirroring latest").await;
    terminal.press("7");
    terminal.press("x");
    terminal.see("what is served stays").await;
    terminal.press(TAB);
    terminal.press(ENTER);
    terminal.see("it was stopped").await;
    assert!(world.read("VERSION").is_none());
    world.server.put(LINUX, Answer::Bytes(whole));
    world.server.take_log();
    start(&mut terminal).await;
    terminal.see("2.1.300 is served, for 8 platforms").await;
    terminal.see("served, latest").await;
    assert_eq!(world.text("VERSION"), "2.1.300\n");
    assert!(world.server.take_log().contains(&format!("{LINUX} from 20000")));
    quit(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_asks_first_and_ends_the_mirror() {
    let world = World::with_release("2.1.300").await;
    let mut terminal = begun(&world, &content("2.1.300", Platform::LinuxX64)).await;
    terminal.press("q");
    terminal.see("which ends with it").await;
    terminal.press(ENTER);
    terminal.see("nothing was done").await;
    terminal.press("q");
    terminal.see("which ends with it").await;
    terminal.press(TAB);
    terminal.press(ENTER);
    let ended = terminal.end().await;
    assert!(ended.status.success() && ended.is_restored, "{:?}", ended.status);
    assert_eq!(survey(&world.output()).unwrap().served, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_verified_and_rolled_back() {
    let world = World::with_release("2.1.300").await;
    let mut terminal = open(&world);
    terminal.press("7");
    terminal.see("there is no release yet").await;
    start(&mut terminal).await;
    terminal.see("2.1.300 is served, for 8 platforms").await;
    world.release("2.1.301");
    world.channel("latest", "2.1.301");
    start(&mut terminal).await;
    terminal.see("2.1.301 is served, for 8 platforms").await;
    terminal.press("V");
    terminal.see("whole: 2 versions with 16 binaries verified").await;
    terminal.until(|seen| seen.matches("ok  ").count() >= 16).await;
    terminal.press("j");
    terminal.press("b");
    terminal.see("get 2.1.300, not 2.1.301").await;
    terminal.press("it hangs");
    terminal.press(TAB);
    terminal.press(TAB);
    terminal.press(ENTER);
    terminal.see("2.1.300 is served again, in place of 2.1.301").await;
    assert_eq!(world.text("VERSION"), "2.1.300\n");
    let reasons = history(&world.output()).unwrap().into_iter().map(|entry| entry.reason.unwrap());
    assert_eq!(reasons.collect::<Vec<_>>(), ["it hangs", "new release", "new release"]);
    damage(&world);
    terminal.press("v");
    terminal.see("the binary for linux-x64: its SHA-256 digest is not that of the manifest").await;
    terminal.see("broken, serve").await;
    quit(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mirror_in_the_same_folder_is_told() {
    let world = World::with_release("2.1.300").await;
    fs::create_dir_all(world.output().join(".mirror")).unwrap();
    let lock = File::create(world.output().join(".mirror/lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut terminal = open(&world);
    terminal.press("7");
    terminal.see("there is no release yet").await;
    start(&mut terminal).await;
    terminal.see("another mirror is at work").await;
    terminal.see("hint: wait until it has ended").await;
    drop(lock);
    start(&mut terminal).await;
    terminal.see("2.1.300 is served, for 8 platforms").await;
    quit(terminal).await;
}
