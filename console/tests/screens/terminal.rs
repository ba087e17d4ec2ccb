//! The real program in a real terminal: what it draws is read back, what is waited for is what can be seen.

use std::{
    io::{Read, Write},
    path::Path,
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc::{Receiver, channel};

/// Longer than anything takes.
pub const LONG: Duration = Duration::from_mins(2);
/// Pieces of output that wait to be read.
const QUEUE: usize = 1024;

pub struct Terminal {
    program: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    seen: vt100::Parser,
    /// Open as long as the program may draw.
    master: Box<dyn MasterPty + Send>,
    /// The line discipline before the program had it.
    before: String,
}

/// How a program left.
pub struct Ended {
    pub status: ExitStatus,
    /// Whether the terminal is as it was before, its line discipline among it.
    pub is_restored: bool,
    /// What stands there then, with the prompt `$` of a shell.
    pub text: String,
}

impl Terminal {
    /// Starts the program on a socket, in a terminal of so many columns and rows.
    pub fn open(program: &str, socket: &Path, size: (u16, u16)) -> Self {
        Self::open_with(program, socket, &[], size)
    }

    /// The same, with arguments.
    pub fn open_with(program: &str, socket: &Path, args: &[&str], (cols, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("SALLYPORT_SOCKET", socket);
        let before = discipline(&*pair.master);
        let program = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (pieces, output) = channel(QUEUE);
        std::thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            // The end of the program is an error of the terminal.
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if pieces.blocking_send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let seen = vt100::Parser::new(rows, cols, 0);
        Self { program, keys, output, seen, master: pair.master, before }
    }

    pub fn process(&self) -> u32 {
        self.program.process_id().unwrap()
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn text(&self) -> String {
        self.seen.screen().contents()
    }

    /// Waits until what is seen is as wanted.
    pub async fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        let seen = async {
            while !wanted(&self.seen.screen().contents()) {
                let Some(piece) = self.output.recv().await else { return false };
                self.seen.process(&piece);
            }
            true
        };
        let is_seen = tokio::time::timeout(LONG, seen).await;
        assert!(is_seen == Ok(true), "it does not come: {is_seen:?}\n{}", self.text());
    }

    pub async fn see(&mut self, text: &str) {
        self.until(|seen| seen.contains(text)).await;
    }

    /// Reads what is drawn for a while.
    pub async fn watch(&mut self, span: Duration) {
        let drawn = async {
            while let Some(piece) = self.output.recv().await {
                self.seen.process(&piece);
            }
        };
        let _ = tokio::time::timeout(span, drawn).await;
    }

    /// Waits for the end of the program; says how it ended, and what it left.
    pub async fn end(mut self) -> Ended {
        let rest = async {
            while let Some(piece) = self.output.recv().await {
                self.seen.process(&piece);
            }
        };
        let mut program = self.program;
        let ended = tokio::task::spawn_blocking(move || program.wait().unwrap());
        let status = tokio::time::timeout(LONG, ended).await.expect("it ends").unwrap();
        // What was drawn last is still on its way; whoever else holds the terminal does not matter.
        let _ = tokio::time::timeout(Duration::from_secs(5), rest).await;
        self.seen.process(b"$ ");
        let screen = self.seen.screen();
        let is_restored = !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
            && discipline(&*self.master) == self.before;
        Ended { status, is_restored, text: screen.contents() }
    }
}

/// Whether the terminal echoes, waits for whole lines, makes signals of keys.
fn discipline(terminal: &dyn MasterPty) -> String {
    format!("{:?}", terminal.get_termios().expect("a terminal has a line discipline"))
}
