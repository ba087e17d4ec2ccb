//! The programs that run side by side: the upstream, the gateway and nginx, each a process of its own.

use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::net::TcpStream;

use crate::process::Process;

/// A child process that ends with its owner.
#[derive(Debug)]
pub struct Program {
    child: Child,
    pub address: SocketAddr,
}

impl Program {
    /// Starts a program and waits until `address` accepts connections.
    pub async fn start(command: &mut Command, address: SocketAddr) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let program = Self { child, address };
        for _ in 0..200 {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(program);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err(io::Error::other(format!("{command:?} did not start")))
    }

    pub fn process(&self) -> Process {
        Process::of(self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_address() -> io::Result<SocketAddr> {
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// nginx as a plain reverse proxy: no token, no signature, keep-alive on both sides, nothing buffered.
pub fn nginx(folder: &Path, listen: SocketAddr, upstream: SocketAddr) -> io::Result<Command> {
    let file = folder.join("nginx.conf");
    fs::write(&file, nginx_config(folder, listen, upstream))?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(folder).arg("-e").arg(folder.join("nginx.log"));
    Ok(command)
}

fn nginx_config(folder: &Path, listen: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off; pid {folder}/nginx.pid; worker_processes auto; worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 2m; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000; tcp_nodelay on;
  upstream bedrock {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen {listen} backlog=4096;
    location / {{
      proxy_pass http://bedrock; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
"
    )
}
