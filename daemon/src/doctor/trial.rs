//! What can be tried without serving: does each part accept its configuration?

use std::{fmt::Display, fs, io::ErrorKind, path::Path, sync::Arc};

use crate::{
    auth::entra::Entra,
    clock::Clock,
    config::{Config, Problem, Setting, SigningKeys},
    http::tls::Certificates,
    install,
    keyring::Keyring,
    live::LiveSessions,
};

const KEY_HINT: &str = "; hint: `[install] key` names the signer's public key, as `gpg --export` writes it";
const FOLDER_HINT: &str =
    "; hint: `CLAUDE_CODE_INSTALL_ARTIFACTS_DIR` names the folder that `sallyport mirror` fills";

/// A part that is fine.
#[derive(Debug)]
pub struct Fine {
    pub part: &'static str,
    pub says: String,
}

/// Tries every part of a configuration that could be read.
pub fn try_out(config: &Config) -> (Vec<Fine>, Vec<Problem>) {
    let (mut fine, mut problems) = (Vec::new(), Vec::new());
    let trials = [
        ("listen", Ok(listen(config))),
        ("certificate", certificate(config)),
        ("state", state(&config.state_dir)),
        ("token", token(config)),
        ("entra", entra(config)),
        ("bedrock", Ok(bedrock(config))),
        ("install", install(config)),
    ];
    for (part, trial) in trials {
        match trial {
            Ok(says) => fine.push(Fine { part, says }),
            Err(refused) => problems.push(problem(part, &refused)),
        }
    }
    (fine, problems)
}

/// The sections that no problem is about.
pub fn untouched(settings: &[Setting], problems: &[Problem]) -> Vec<Fine> {
    let section = |key: &'static str| key.split_once('.').map(|(section, _)| section);
    let mut sections = Vec::new();
    for section in settings.iter().filter_map(|setting| section(setting.key)) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    let is_touched = |section: &str| {
        let keys = problems.iter().filter_map(|problem| problem.key.as_deref());
        keys.into_iter().any(|key| key.split('.').next() == Some(section))
    };
    let fine = sections.into_iter().filter(|section| !is_touched(section));
    fine.map(|part| Fine { part, says: "nothing wrong".to_owned() }).collect()
}

fn listen(config: &Config) -> String {
    let listen = &config.listen;
    let scheme = if listen.tls.is_some() { "https" } else { "http" };
    let (host, auth, gateway, install) =
        (listen.host, listen.auth_port, listen.gateway_port, listen.install_port);
    format!("{scheme} on {host}: auth {auth}, gateway {gateway}, install {install}")
}

fn certificate(config: &Config) -> Result<String, String> {
    let Some(files) = config.listen.tls.clone() else { return Ok("none, plain HTTP".to_owned()) };
    let name = files.certificate.display().to_string();
    Certificates::load(files).map_err(text)?;
    Ok(format!("`{name}` and its key work together"))
}

fn state(folder: &Path) -> Result<String, String> {
    let name = folder.display();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(format!("`{name}` is there")),
        Ok(_) => Err(format!("`{name}` is not a folder; hint: choose another `SALLYPORT_STATE_DIR`")),
        Err(_) => Ok(format!("`{name}` will be made")),
    }
}

fn token(config: &Config) -> Result<String, String> {
    let keyring =
        Keyring::new(&config.token, Clock::System, Arc::new(LiveSessions::default())).map_err(text)?;
    let keys = match &config.token.keys {
        SigningKeys::Shared(secrets) => format!("HS256, secrets: {}", secrets.len()),
        SigningKeys::Ed25519(files) => format!("Ed25519, keys: {}", files.len()),
    };
    let role = if keyring.can_mint() { "signs and verifies" } else { "verifies only" };
    Ok(format!("{keys}, {role}"))
}

fn entra(config: &Config) -> Result<String, String> {
    let entra = &config.entra;
    Entra::new(entra.clone(), Clock::System).map_err(text)?;
    Ok(format!("tenant {}, client {}, {}", entra.tenant_id, entra.client_id, entra.authority))
}

fn bedrock(config: &Config) -> String {
    let bedrock = &config.bedrock;
    let endpoint = bedrock.endpoint.as_deref().unwrap_or("the region's endpoint");
    let proof = if bedrock.api_key.is_some() { "API key" } else { "signed requests" };
    format!("region {}, {endpoint}, {proof}", bedrock.region)
}

/// Without the folder nothing is served, and it may come later: that is no problem.
fn install(config: &Config) -> Result<String, String> {
    let install = &config.install;
    let key = install::key(install).map_err(|error| format!("{error:#}{KEY_HINT}"))?;
    key.holds(Clock::System.now()).map_err(|error| format!("`[install] key`: {error}{KEY_HINT}"))?;
    let folder = install.artifacts_dir.display();
    let found = match fs::read_dir(&install.artifacts_dir) {
        Ok(_) => format!("`{folder}` is there"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            format!("`{folder}` is not there yet, `sallyport mirror` makes it")
        }
        Err(error) => return Err(format!("`{folder}` can't be read: {error}{FOLDER_HINT}")),
    };
    let others = if install.allow_unsigned { ", and what nobody has signed" } else { "" };
    Ok(format!("{found}; releases signed by {}{others}", key.fingerprint()))
}

fn problem(part: &'static str, refused: &str) -> Problem {
    let (message, hint) = super::split(refused, "see `sallyport.example.toml`");
    Problem { origin: None, key: Some(part.to_owned()), message: message.to_owned(), hint: hint.to_owned() }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
