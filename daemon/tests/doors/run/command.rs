//! What the commands print, and how they end.

use std::{fs, net::TcpListener, os::unix::net::UnixListener, process::Output};

use serde_json::Value;

use super::daemon::World;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn check_says_what_is_fine() {
    let world = World::new().await;
    let output = world.output(&["check"]).await;
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for part in ["listen", "certificate", "state", "token", "entra", "bedrock", "install"] {
        assert!(text.contains(&format!("ok: {part}: ")), "{text}");
    }
    assert!(text.ends_with("no problems\n"), "{text}");
}

#[tokio::test]
async fn check_reports_every_problem_at_once() {
    let mut world = World::new().await;
    world.write("sallyport.toml", "[http]\nspeed = 9\nidle_timeout = 'long'\n");
    world.write(".env", "INTERNAL_JWT_SECRT=x\n");
    world.variables.insert("INTERNAL_JWT_SECRET", "hunter2".to_owned());
    let output = world.output(&["check"]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for problem in [
        "problem: sallyport.toml:2: there is no key `http.speed`",
        "problem: sallyport.toml:3: `http.idle_timeout`: `long` is not a duration",
        "problem: .env:1: there is no variable `INTERNAL_JWT_SECRT`\n  hint: did you mean `INTERNAL_JWT_SECRET`?",
        "problem: `INTERNAL_JWT_SECRET`: it is 7 bytes long, 32 are needed",
        "ok: bedrock: nothing wrong",
        "4 problems",
    ] {
        assert!(text.contains(problem), "{problem}\n---\n{text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("ok: http"));
    let json: Value = serde_json::from_slice(&world.output(&["check", "--json"]).await.stdout).unwrap();
    assert_eq!((&json["ok"], json["problems"].as_array().unwrap().len()), (&Value::Bool(false), 4));
}

#[tokio::test]
async fn check_tries_what_reading_cannot_tell() {
    let mut world = World::new().await;
    world.write("key.pem", "no key");
    world.write("state", "no folder");
    let path = world.path("key.pem").to_string_lossy().into_owned();
    world.variables.insert("SALLYPORT_TLS_CERTIFICATE", path.clone());
    world.variables.insert("SALLYPORT_TLS_KEY", path);
    let output = world.output(&["check"]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(
        text.contains("2 problems") && text.contains("key.pem") && text.contains("is not a folder"),
        "{text}"
    );
}

#[tokio::test]
async fn check_tries_the_key_of_releases_and_the_folder_of_the_install_server() {
    let world = World::new().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/tests/release");
    world.write("page.html", "<html></html>");
    world.write("config.toml", "");
    let of = async |key: &str, artifacts: &str| {
        world.write("sallyport.toml", &format!("[install]\nkey = '{key}'\nartifacts_dir = '{artifacts}'\n"));
        let output = world.output(&["check"]).await;
        (output.status.code(), stdout(&output))
    };
    let (code, text) = of(&format!("{folder}/signer.key"), "not/there").await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("`not/there` is not there yet") && text.contains("122CEE40"), "{text}");
    for (key, artifacts, said) in [
        ("page.html", ".", "`page.html` can't be used: this is not an OpenPGP public key"),
        (&format!("{folder}/two.key"), ".", "there are 2 keys where one belongs"),
        (&format!("{folder}/expired.key"), ".", "expired on 2024-01-31"),
        (&format!("{folder}/revoked.key"), ".", "has been revoked"),
        (&format!("{folder}/signer.key"), "config.toml", "`config.toml` can't be read: "),
    ] {
        let (code, text) = of(key, artifacts).await;
        assert_eq!(code, Some(1), "{key}: {text}");
        assert!(
            text.contains(said) && text.contains("hint: ") && text.contains("1 problem"),
            "{said}\n{text}"
        );
    }
}

#[tokio::test]
async fn config_shows_values_and_origins_and_no_secrets() {
    let mut world = World::new().await;
    world.write(".env", "BEDROCK_API_KEY=canary\nGATEWAY_PORT=1\n");
    world.variables.insert("SALLYPORT_LOG_LEVEL", "warn".to_owned());
    let output = world.output(&["config", "--log-format", "json"]).await;
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for line in [
        "log_format = \"json\"  # --log-format",
        "log_level = \"warn\"  # environment SALLYPORT_LOG_LEVEL",
        "api_key = \"[secret]\"  # .env:1",
        "secrets = [\"[secret]\"]  # environment INTERNAL_JWT_SECRET",
        "body_limit = \"32 MiB\"  # default",
    ] {
        assert!(text.contains(line), "{line}\n---\n{text}");
    }
    toml::from_str::<toml::Table>(&text).unwrap();
    let json = stdout(&world.output(&["config", "--json"]).await);
    serde_json::from_str::<Value>(&json).unwrap();
    let secret = &world.variables["INTERNAL_JWT_SECRET"];
    assert!(
        !format!("{text}{json}").contains("canary") && !format!("{text}{json}").contains(secret.as_str())
    );
}

#[tokio::test]
async fn a_wrong_command_line_is_a_matter_of_usage() {
    let world = World::new().await;
    for arguments in [&["walk"][..], &["run", "--fast"], &["run", "--log-format", "xml"], &[]] {
        assert_eq!(world.output(arguments).await.status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_daemon_that_cannot_start_says_why_and_what_to_do() {
    let mut world = World::new().await;
    let refused = |output: &Output, words: &[&str]| {
        let text = stderr(output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        for words in words.iter().chain(&["\n  hint: "]) {
            assert!(text.contains(words), "{words}\n---\n{text}");
        }
    };
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    world.variables.insert("GATEWAY_PORT", port.to_string());
    let in_use = format!("error: gateway: port {port} of 127.0.0.1 is in use");
    refused(&world.output(&["run"]).await, &[&in_use, "`GATEWAY_PORT`"]);

    world.variables.insert("GATEWAY_PORT", "0".to_owned());
    world.variables.insert("SALLYPORT_HOST", "192.0.2.1".to_owned());
    refused(&world.output(&["run"]).await, &["this machine has no address 192.0.2.1", "`SALLYPORT_HOST`"]);

    world.variables.insert("SALLYPORT_HOST", "127.0.0.1".to_owned());
    fs::create_dir(world.path("run")).unwrap();
    let socket = UnixListener::bind(world.path("run/admin.sock")).unwrap();
    refused(&world.output(&["run"]).await, &["another daemon answers at `", "`SALLYPORT_RUNTIME_DIR`"]);
    drop(socket);

    world.write("file", "no folder");
    world.variables.insert("SALLYPORT_STATE_DIR", world.path("file/state").to_string_lossy().into_owned());
    refused(&world.output(&["run"]).await, &["error: the store can't be opened: `"]);

    world.variables.remove("ENTRA_CLIENT_ID");
    refused(&world.output(&["run"]).await, &["`ENTRA_CLIENT_ID` is not set"]);
}

#[tokio::test]
async fn a_socket_that_a_dead_daemon_left_is_no_obstacle() {
    let world = World::new().await;
    fs::create_dir(world.path("run")).unwrap();
    drop(UnixListener::bind(world.path("run/admin.sock")).unwrap());
    drop(world.start().await);
}
