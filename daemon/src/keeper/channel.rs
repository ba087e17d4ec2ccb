//! What a keeper and its child tell each other, over the child's standard input: first the listening sockets, later
//! that it is time to hand over, and that it is done. Whoever hears nothing but the end is alone from then on.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream as Blocking,
    },
    process::Stdio,
};

use rustix::{
    fs::{Mode, OFlags, open},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, recvmsg, sendmsg,
    },
    stdio::dup2_stdin,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use crate::systemd::Sockets;

/// Sockets that can be sent.
const MOST: usize = 16;
/// Their names, one a line.
const NAMES: usize = 4096;
const WORD: u8 = b'.';

/// The keeper's end.
#[derive(Debug)]
pub struct Keeping {
    stream: UnixStream,
}

/// The child's end.
#[derive(Debug)]
pub struct Kept {
    stream: UnixStream,
}

impl Keeping {
    /// Sends the sockets, and returns what must become the child's standard input.
    pub fn start(sockets: Sockets) -> io::Result<(Self, Stdio)> {
        let (ours, theirs) = Blocking::pair()?;
        send(&ours, sockets)?;
        ours.set_nonblocking(true)?;
        Ok((Self { stream: UnixStream::from_std(ours)? }, Stdio::from(OwnedFd::from(theirs))))
    }

    /// Asks the child to hand over, and waits until it has. An error says that it has ended instead.
    pub async fn hand_over(mut self) -> io::Result<()> {
        self.stream.write_all(&[WORD]).await?;
        self.stream.read_u8().await.map(|_| ())
    }
}

impl Kept {
    /// Takes what the keeper has sent. Standard input is empty from then on. Call it inside a runtime.
    pub fn begin(stream: Blocking) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream: UnixStream::from_std(stream)? })
    }

    /// Resolves when it is time to hand over: the keeper says so, or is gone.
    pub async fn until_hand_over(&mut self) {
        let _ = self.stream.read_u8().await;
    }

    /// Tells the keeper that a successor may start.
    pub async fn handed_over(&mut self) {
        let _ = self.stream.write_all(&[WORD]).await;
    }
}

/// The channel of a process that a keeper has started, and the sockets that came over it.
pub fn from_stdin() -> io::Result<(Blocking, Sockets)> {
    let stream = Blocking::from(io::stdin().as_fd().try_clone_to_owned()?);
    let sockets = receive(&stream)?;
    // What we start ourselves must neither read the channel nor keep it open.
    dup2_stdin(open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)?;
    Ok((stream, sockets))
}

fn send(stream: &Blocking, sockets: Sockets) -> io::Result<()> {
    let sockets = sockets.into_fds();
    let names: Vec<_> = sockets.iter().map(|(name, _)| name.as_str()).chain(["", ""]).collect();
    let text = names.join("\n");
    if sockets.len() > MOST || text.len() > NAMES {
        return Err(io::Error::other(format!("more than {MOST} sockets were handed over")));
    }
    let fds: Vec<_> = sockets.iter().map(|(_, fd)| fd.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&fds));
    }
    sendmsg(stream, &[IoSlice::new(text.as_bytes())], &mut control, SendFlags::empty())?;
    Ok(())
}

fn receive(stream: &Blocking) -> io::Result<Sockets> {
    let mut text = vec![0; NAMES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(stream, &mut [IoSliceMut::new(&mut text)], &mut control, flags)?;
    let mut fds: Vec<OwnedFd> = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    text.truncate(received.bytes);
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let Some(names) = text.strip_suffix('\n') else {
        return Err(io::Error::other("standard input is not a keeper's"));
    };
    Sockets::sent(names.lines().map(str::to_owned).zip(fds).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn sockets_arrive_with_their_names() {
        let (ours, theirs) = Blocking::pair().unwrap();
        let sockets: Vec<_> = ["auth", ""].map(|name| (name.to_owned(), bound())).into();
        let ports: Vec<u16> = sockets.iter().map(|(_, socket)| socket.local_addr().unwrap().port()).collect();
        let sockets = sockets.into_iter().map(|(name, socket)| (name, socket.into())).collect();
        send(&ours, Sockets::sent(sockets).unwrap()).unwrap();
        let mut received = receive(&theirs).unwrap();
        assert_eq!(received.take_tcp("auth", 0).unwrap().local_addr().unwrap().port(), ports[0]);
        assert_eq!(received.take_tcp("gateway", ports[1]).unwrap().local_addr().unwrap().port(), ports[1]);
    }

    #[test]
    fn no_sockets_are_no_sockets_and_no_keeper_is_an_error() {
        let (ours, theirs) = Blocking::pair().unwrap();
        send(&ours, Sockets::default()).unwrap();
        assert!(receive(&theirs).unwrap().left().is_empty());
        drop(ours);
        assert!(receive(&theirs).unwrap_err().to_string().contains("not a keeper's"));
    }

    #[tokio::test]
    async fn a_keeper_that_is_gone_asks_to_hand_over() {
        let (ours, theirs) = Blocking::pair().unwrap();
        let mut kept = Kept::begin(theirs).unwrap();
        drop(ours);
        kept.until_hand_over().await;
    }

    fn bound() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }
}
