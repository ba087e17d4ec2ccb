//! Programs of others. Each has a deadline and is ended when that has passed; what it says has a cap.

use std::{
    io::{self, Read},
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::family::Apart;

/// For programs that only ask or tell the system something.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// No answer that we can use is longer.
const LONGEST: usize = 1 << 20;
/// Nobody says when a program ends: so often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a program has started may keep its output open when it has ended itself.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How a program ended, and what it said until then.
#[derive(Debug)]
pub struct Said {
    pub status: ExitStatus,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

/// Runs a program to its end, or to the deadline: that is an error of the kind `TimedOut`.
pub fn ask(command: &mut Command, patience: Duration) -> io::Result<Said> {
    let deadline = Instant::now() + patience;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Apart::start(command)?;
    let (speaking, silence) = mpsc::channel();
    let (out, err) = child.streams();
    let out = out.map(|stream| listen(stream, speaking.clone()));
    let err = err.map(|stream| listen(stream, speaking));
    let Some(status) = wait(&mut child, deadline, &silence)? else {
        child.end();
        return Err(io::Error::new(io::ErrorKind::TimedOut, slow(command, patience)));
    };
    let _ = silence.recv_timeout(LAST_WORDS);
    Ok(Said { status, out: heard(out), err: heard(err) })
}

/// The same while other things go on.
pub async fn ask_aside(mut command: Command, patience: Duration) -> io::Result<Said> {
    let asked = tokio::task::spawn_blocking(move || ask(&mut command, patience)).await;
    asked.unwrap_or_else(|gone| Err(io::Error::other(gone)))
}

/// Runs a program that says nothing. What it complains of is the error.
pub(super) fn run(command: &mut Command) -> io::Result<()> {
    let said = ask(command, PATIENCE)?;
    if said.status.success() {
        return Ok(());
    }
    let complaint = if said.err.is_empty() { &said.out } else { &said.err };
    let complaint = String::from_utf8_lossy(complaint);
    let complaint = complaint.trim().lines().next().unwrap_or("it does not say why");
    Err(io::Error::other(format!("`{}` failed: {complaint}", line(command))))
}

/// How it ended, if it did before the deadline.
pub(super) fn wait(
    child: &mut Apart,
    deadline: Instant,
    silence: &mpsc::Receiver<()>,
) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        // Most programs are silent because they have ended: that is noticed at once.
        if silence.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
            #[allow(clippy::disallowed_methods, reason = "a program that ends tells nobody")]
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// Hears a program out, whatever it says, so that it is never held up. `speaking` goes when it is silent.
fn listen(mut stream: impl Read + Send + 'static, speaking: mpsc::Sender<()>) -> Arc<Mutex<Vec<u8>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = heard.clone();
    thread::spawn(move || {
        let mut piece = [0; 8 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let room = LONGEST.saturating_sub(kept.len());
            kept.extend_from_slice(piece.get(..read.min(room)).unwrap_or_default());
        }
        drop(speaking);
    });
    heard
}

fn heard(ear: Option<Arc<Mutex<Vec<u8>>>>) -> Vec<u8> {
    ear.map(|ear| std::mem::take(&mut *ear.lock().unwrap_or_else(PoisonError::into_inner)))
        .unwrap_or_default()
}

fn slow(command: &Command, patience: Duration) -> String {
    format!("`{}` did not end within {} s, and was stopped", line(command), patience.as_secs())
}

/// As somebody would type it, to try what it says.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
