//! Servers that are not what they should be.

use std::net::Ipv4Addr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

pub struct Odd {
    pub url: String,
    serving: JoinHandle<()>,
}

impl Odd {
    /// Accepts everything and never answers.
    pub async fn silent() -> Self {
        Self::serve(None).await
    }

    /// Answers everything like this.
    pub async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        Self::serve(Some(answer.into())).await
    }

    /// An address where nobody listens.
    pub async fn away() -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    async fn serve(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[allow(clippy::disallowed_methods, reason = "it ends with the test")]
        let serving = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 8 * 1024];
                let _ = stream.read(&mut request).await;
                if let Some(answer) = &answer {
                    let _ = stream.write_all(answer).await;
                    let _ = stream.shutdown().await;
                }
                open.push(stream);
            }
        });
        Self { url, serving }
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
