//! What may stand between a workstation and the gateway, and should not.

use sallyportd::task::Tasks;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n\
                    <html>Sign in to the guest network</html>";

/// Something that gives everybody the same answer.
pub(super) struct Between {
    url: String,
    _tasks: Tasks,
}

impl Between {
    /// A proxy that lets nothing through.
    pub(super) async fn refusing() -> Self {
        Self::saying(REFUSAL).await
    }

    /// A network that wants a sign-in first.
    pub(super) async fn page() -> Self {
        Self::saying(PAGE).await
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    async fn saying(words: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tasks = Tasks::default();
        let owner = tasks.clone();
        tasks.spawn("between", async move {
            while let Ok((client, _)) = listener.accept().await {
                owner.spawn("answer", answer(client, words));
            }
        });
        Self { url, _tasks: tasks }
    }
}

/// Takes all that comes: a connection that is closed on what was not read is reset, and the answer lost.
async fn answer(mut client: TcpStream, words: &str) {
    let mut buffer = vec![0; 64 * 1024];
    let _ = client.read(&mut buffer).await;
    let _ = client.write_all(words.as_bytes()).await;
    let _ = client.shutdown().await;
    while let Ok(1..) = client.read(&mut buffer).await {}
}
