//! Sockets that the service manager bound and listens on: they outlive us, so that nobody is refused while one daemon
//! follows another: `sd_listen_fds(3)`.

use std::{
    collections::BTreeMap,
    io,
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::Path,
};

use listenfd::ListenFd;
use rustix::net::{AddressFamily, sockopt::socket_domain};

const NAMES: &str = "LISTEN_FDNAMES";

/// Listening sockets that are nobody's yet, and what each is called.
#[derive(Debug, Default)]
pub struct Sockets(Vec<(String, Socket)>);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Sockets {
    /// Those that this process was started with. They can be had once.
    pub fn inherited(environment: &BTreeMap<String, String>) -> io::Result<Self> {
        let mut given = ListenFd::from_env();
        let names = environment.get(NAMES).map(String::as_str).unwrap_or_default();
        let names = names.split(':').chain(std::iter::repeat(""));
        let sockets = (0..given.len()).zip(names).map(|(index, name)| {
            let socket = match given.take_tcp_listener(index) {
                Ok(socket) => socket.map(Socket::Tcp),
                Err(_) => given.take_unix_listener(index)?.map(Socket::Unix),
            };
            Ok(socket.map(|socket| (name.to_owned(), socket)))
        });
        let sockets: io::Result<Vec<_>> = sockets.collect();
        Ok(Self(sockets?.into_iter().flatten().collect()))
    }

    /// Those that another process has sent.
    pub fn sent(sockets: Vec<(String, OwnedFd)>) -> io::Result<Self> {
        let known = |(name, fd): (String, OwnedFd)| {
            let socket = match socket_domain(&fd)? {
                AddressFamily::UNIX => Socket::Unix(fd.into()),
                _ => Socket::Tcp(fd.into()),
            };
            Ok((name, socket))
        };
        sockets.into_iter().map(known).collect::<io::Result<_>>().map(Self)
    }

    /// To be sent to another process.
    pub fn into_fds(self) -> Vec<(String, OwnedFd)> {
        let fd = |socket| match socket {
            Socket::Tcp(socket) => socket.into(),
            Socket::Unix(socket) => socket.into(),
        };
        self.0.into_iter().map(|(name, socket)| (name, fd(socket))).collect()
    }

    /// The socket of this name, else the one of this port: all sockets of one unit have the same name.
    pub fn take_tcp(&mut self, name: &str, port: u16) -> Option<TcpListener> {
        let is_at_port = |socket: &Socket| match socket {
            Socket::Tcp(socket) => socket.local_addr().is_ok_and(|address| address.port() == port),
            Socket::Unix(_) => false,
        };
        match self.take(|of, socket| of == name && matches!(socket, Socket::Tcp(_)), is_at_port)? {
            Socket::Tcp(socket) => Some(socket),
            Socket::Unix(_) => None,
        }
    }

    /// The unix socket of this name, else the one at this path.
    pub fn take_unix(&mut self, name: &str, path: &Path) -> Option<UnixListener> {
        let is_at_path = |socket: &Socket| match socket {
            Socket::Unix(socket) => {
                socket.local_addr().is_ok_and(|address| address.as_pathname() == Some(path))
            }
            Socket::Tcp(_) => false,
        };
        match self.take(|of, socket| of == name && matches!(socket, Socket::Unix(_)), is_at_path)? {
            Socket::Unix(socket) => Some(socket),
            Socket::Tcp(_) => None,
        }
    }

    /// Where those listen that nobody took.
    pub fn left(&self) -> Vec<String> {
        let place = |socket: &Socket| match socket {
            Socket::Tcp(socket) => socket.local_addr().map(|address| address.to_string()),
            Socket::Unix(socket) => socket.local_addr().map(|address| format!("{address:?}")),
        };
        self.0.iter().filter_map(|(_, socket)| place(socket).ok()).collect()
    }

    fn take(
        &mut self,
        is_called: impl Fn(&str, &Socket) -> bool,
        is_there: impl Fn(&Socket) -> bool,
    ) -> Option<Socket> {
        let called = self.0.iter().position(|(name, socket)| is_called(name, socket));
        let at = called.or_else(|| self.0.iter().position(|(_, socket)| is_there(socket)))?;
        Some(self.0.swap_remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound() -> (TcpListener, u16) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        (socket, port)
    }

    #[test]
    fn a_socket_is_found_by_its_name_or_by_where_it_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let ((first, first_port), (second, second_port)) = (bound(), bound());
        let unix = UnixListener::bind(&path).unwrap();
        let given: Vec<(String, OwnedFd)> = vec![
            ("sallyportd.socket".to_owned(), first.into()),
            ("gateway".to_owned(), second.into()),
            ("sallyportd.socket".to_owned(), unix.into()),
        ];
        let mut sockets = Sockets::sent(given).unwrap();
        assert!(sockets.take_tcp("auth", second_port.wrapping_add(1)).is_none_or(|it| {
            // The neighbour's port may be that of the first.
            it.local_addr().unwrap().port() == first_port
        }));
        assert_eq!(sockets.take_tcp("gateway", 1).unwrap().local_addr().unwrap().port(), second_port);
        assert!(sockets.take_unix("admin", Path::new("/elsewhere")).is_none());
        assert!(sockets.take_unix("admin", &path).is_some());
    }

    #[test]
    fn what_nobody_took_is_told() {
        let (socket, port) = bound();
        let mut sockets = Sockets::sent(vec![(String::new(), socket.into())]).unwrap();
        assert_eq!(sockets.left(), [format!("127.0.0.1:{port}")]);
        assert_eq!(sockets.take_tcp("auth", port).unwrap().local_addr().unwrap().port(), port);
        assert!(sockets.left().is_empty());
    }
}
