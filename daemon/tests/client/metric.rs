//! The figures, read by Prometheus' own parser for Python.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use sallyportd::sandbox::{Options, Sandbox, entra::User};
use serde_json::json;

use crate::client_test;

async fn parses() {
    let python = env::var_os("SALLYPORT_TEST_PYTHON").expect("SALLYPORT_TEST_PYTHON names a Python");
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let token = sandbox.token(User::ADA).await.unwrap();
    for model in ["us.anthropic.claude-opus-4-8", "sandbox.missing"] {
        let body = json!({ "model": model, "max_tokens": 9, "stream": true,
            "messages": [{ "role": "user", "content": "hello" }] });
        let url = format!("{}/v1/messages", sandbox.gateway());
        let answer = sandbox.client().post(url).bearer_auth(&token).json(&body).send().await.unwrap();
        answer.bytes().await.unwrap();
    }
    let answer = sandbox.client().get(sandbox.metrics().unwrap()).send().await.unwrap();
    let file = sandbox.folder().join("metrics.txt");
    std::fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client/metric.py");
    let mut command = Command::new(python);
    let output = command.arg("-I").arg(script).arg(file).stdin(Stdio::null()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

client_test!("needs Python with prometheus-client", the_figures_are_read_by_the_real_parser, parses);
