//! Which program listens on a port, as far as `/proc` shows it to us: root sees all, others see their own.

use std::{fs, path::Path};

/// The program that has a port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub program: String,
    pub process: u32,
}

/// `TCP_LISTEN` in `/proc/net/tcp`.
const LISTENS: &str = "0A";

impl Owner {
    pub(super) fn of(port: u16) -> Option<Self> {
        let tables =
            ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
        let sockets: Vec<String> = tables.iter().flat_map(|table| sockets(table, port)).collect();
        let processes = fs::read_dir("/proc").ok()?.flatten();
        processes
            .filter_map(|entry| {
                let process = entry.file_name().to_str()?.parse().ok()?;
                has_one_of(&entry.path().join("fd"), &sockets).then_some(())?;
                let program = fs::read_to_string(entry.path().join("comm")).ok()?;
                Some(Self { program: program.trim_end().to_owned(), process })
            })
            .min_by_key(|owner| owner.process)
    }
}

/// The listening sockets of a port, as the links in `/proc/…/fd` call them.
fn sockets(table: &str, port: u16) -> Vec<String> {
    let end = format!(":{port:04X}");
    let of_line = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (local, state) = (fields.nth(1)?, fields.nth(1)?);
        let inode = fields.nth(5)?;
        (local.ends_with(&end) && state == LISTENS).then(|| format!("socket:[{inode}]"))
    };
    table.lines().filter_map(of_line).collect()
}

fn has_one_of(folder: &Path, sockets: &[String]) -> bool {
    let links = fs::read_dir(folder).into_iter().flatten().flatten();
    links
        .filter_map(|link| fs::read_link(link.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn whoever_listens_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let owner = Owner::of(listener.local_addr().unwrap().port()).unwrap();
        assert_eq!(owner.process, std::process::id());
    }

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:1F41 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0\n\
            2: 0100007F:1F42 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n";
        assert_eq!(sockets(table, 8001), ["socket:[4711]"]);
        assert!(sockets(table, 8003).is_empty());
    }
}
