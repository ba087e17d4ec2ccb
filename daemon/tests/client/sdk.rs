//! The official Python SDKs, unmodified: each script asserts what it is answered, and says what it cost.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    time::Duration,
};

use sallyportd::{
    config::TlsFiles,
    sandbox::{Options, Sandbox, entra::User},
    store::query::UsageBy,
};
use serde::Deserialize;
use shared::usage::Tokens;
use tempfile::TempDir;
use tokio::process::Command;

use crate::client_test;

const PATIENCE: Duration = Duration::from_mins(2);

/// What a script says that its answers cost.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Spent {
    input: u64,
    output: u64,
}

/// A certificate for loopback, made by `openssl`: boto3 sends tokens over TLS only.
fn certificate(folder: &Path) -> TlsFiles {
    let files = TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let made = Blocking::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output()
        .expect("`openssl` is needed");
    assert!(made.status.success(), "{made:?}");
    files
}

async fn run(script: &str, sandbox: &Sandbox, certificate: Option<PathBuf>) -> Spent {
    let python =
        env::var_os("SALLYPORT_TEST_PYTHON").expect("SALLYPORT_TEST_PYTHON names a Python with the SDKs");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client").join(script);
    let token = sandbox.token(User::ADA).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command
        .arg("-I")
        .arg(&script)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .env("GATEWAY", sandbox.gateway())
        .env("TOKEN", &token)
        .env("AWS_BEARER_TOKEN_BEDROCK", &token)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(path) = certificate {
        command.env("AWS_CA_BUNDLE", path);
    }
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("the script ends").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

/// What was settled for the models that answered; those that fail on request are not the script's to count.
async fn settled(sandbox: &Sandbox) -> Spent {
    let requests = sandbox.bedrock.requests();
    let with_a_cost = requests.iter().filter(|request| request.usage.is_some()).count();
    sandbox.usage_of(with_a_cost as u64).await.unwrap();
    let sums = sandbox.usage(UsageBy::Model).await.unwrap();
    let answered = sums.into_iter().filter(|sum| !sum.key.starts_with("sandbox."));
    let tokens: Tokens = answered.map(|sum| sum.tokens).sum();
    Spent { input: tokens.input, output: tokens.output }
}

async fn works(script: &str) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let spent = run(script, &sandbox, None).await;
    assert_eq!(spent, settled(&sandbox).await);
}

async fn boto3() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let files = certificate(folder.path());
    let tls = Some(files.clone());
    let sandbox = Sandbox::start_with(Options::default(), |config| config.listen.tls = tls).await.unwrap();
    let spent = run("sdk_boto3.py", &sandbox, Some(files.certificate)).await;
    assert_eq!(spent, settled(&sandbox).await);
}

client_test!("needs Python with the SDKs", boto3_works, boto3);
client_test!("needs Python with the SDKs", anthropic_works, || works("sdk_anthropic.py"));
client_test!("needs Python with the SDKs", openai_works, || works("sdk_openai.py"));
