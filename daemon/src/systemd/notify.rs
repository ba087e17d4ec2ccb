//! Telling the service manager how we are: `sd_notify(3)`.

use std::{
    collections::BTreeMap,
    fmt::Write,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::time::{ClockId, clock_gettime};
use tracing::debug;

const SOCKET: &str = "NOTIFY_SOCKET";

/// The way to the service manager, or to nobody.
#[derive(Debug, Clone, Default)]
pub struct Notify(Option<Arc<Line>>);

#[derive(Debug)]
struct Line {
    socket: UnixDatagram,
    manager: SocketAddr,
    /// Somebody else speaks for the service now.
    is_over: AtomicBool,
}

impl Notify {
    /// As the environment says.
    pub fn from(environment: &BTreeMap<String, String>) -> Self {
        let line = environment.get(SOCKET).map(|address| Line::to(address));
        match line.transpose() {
            Ok(line) => Self(line.map(Arc::new)),
            Err(error) => {
                debug!(%error, "the service manager can't be told anything");
                Self(None)
            }
        }
    }

    /// Requests are served.
    pub fn ready(&self) {
        self.say("READY=1\nSTATUS=serving");
    }

    /// The configuration is being read again; `ready` ends that.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1000);
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reading the configuration again"));
    }

    /// We live; `status` is for people.
    pub fn alive(&self, status: &str) {
        let mut state = "WATCHDOG=1".to_owned();
        let _ = write!(state, "\nSTATUS={}", status.replace('\n', " "));
        self.say(&state);
    }

    /// The end begins. Nothing is said after it: a successor may speak already.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=stopping, requests in flight finish");
        if let Some(line) = &self.0 {
            line.is_over.store(true, Ordering::Relaxed);
        }
    }

    fn say(&self, state: &str) {
        let Some(line) = self.0.as_ref().filter(|line| !line.is_over.load(Ordering::Relaxed)) else { return };
        if let Err(error) = line.socket.send_to_addr(state.as_bytes(), &line.manager) {
            debug!(%error, "the service manager was not told");
        }
    }
}

impl Line {
    fn to(address: &str) -> io::Result<Self> {
        let manager = match address.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that does not read must not stop us.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, manager, is_over: AtomicBool::new(false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(manager: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn the_manager_hears_everything_up_to_the_end_and_nothing_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notify = Notify::from(&BTreeMap::from([(SOCKET.to_owned(), path.display().to_string())]));
        notify.ready();
        assert_eq!(heard(&manager), "READY=1\nSTATUS=serving");
        notify.reloading();
        assert!(heard(&manager).starts_with("RELOADING=1\nMONOTONIC_USEC="));
        notify.alive("two\nlines");
        assert_eq!(heard(&manager), "WATCHDOG=1\nSTATUS=two lines");
        notify.stopping();
        assert!(heard(&manager).starts_with("STOPPING=1\n"));
        notify.alive("late");
        manager.set_nonblocking(true).unwrap();
        assert_eq!(manager.recv(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn without_a_manager_nobody_is_told() {
        Notify::from(&BTreeMap::new()).ready();
        Notify::from(&BTreeMap::from([(SOCKET.to_owned(), "/nowhere/at/all".to_owned())])).ready();
    }
}
