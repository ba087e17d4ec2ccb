//! The keys, section by section: what each is called, what it defaults to and how it is read.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use shared::{id::ModelId, secret::Secret};

use super::{
    Admin, Bedrock, Config, Entra, Gateway, Http, Log, LogFormat, SigningKeys, Token, Usage, directory,
    install,
    level::Levels,
    listen, policy,
    problem::Bad,
    reader::Reader,
    rule,
    value::{self, Value},
};

const LONGEST_SOCKET_PATH: usize = 107;
/// Longer than any month, wherever its caps begin.
const SHORTEST_USAGE: Duration = Duration::from_hours(32 * 24);

/// Asks for everything. Without problems the result is valid.
pub(super) fn config(read: &mut Reader) -> Config {
    let (state_dir, runtime_dir) = directories(read);
    Config {
        state_dir,
        listen: listen::listen(read),
        http: http(read),
        entra: entra(read),
        token: token(read),
        gateway: gateway(read),
        policies: policy::policies(read),
        prices: policy::prices(read),
        bedrock: bedrock(read),
        install: install::install(read),
        admin: admin(read, &runtime_dir),
        usage: usage(read),
        metrics: listen::metrics(read),
        runtime_dir,
        log: log(read),
    }
}

fn directories(read: &mut Reader) -> (PathBuf, PathBuf) {
    let state_default = directory::state(&read.sources.environment);
    let state_dir = read
        .key("state_dir")
        .variable("SALLYPORT_STATE_DIR")
        .fallback("STATE_DIRECTORY")
        .default(state_default)
        .path()
        .read(value::path);
    let runtime_default = directory::runtime(&read.sources.environment, &state_dir);
    let runtime_dir = read
        .key("runtime_dir")
        .variable("SALLYPORT_RUNTIME_DIR")
        .fallback("RUNTIME_DIRECTORY")
        .default(runtime_default)
        .path()
        .read(value::path);
    (state_dir, runtime_dir)
}

fn http(read: &mut Reader) -> Http {
    Http {
        connections: read.key("http.connections").default("8192").read(value::count),
        header_timeout: read.key("http.header_timeout").default("10s").read(value::duration),
        idle_timeout: read.key("http.idle_timeout").default("90s").read(value::duration),
        body_timeout: read.key("http.body_timeout").default("60s").read(value::duration),
        write_timeout: read.key("http.write_timeout").default("60s").read(value::duration),
        drain_timeout: read.key("http.drain_timeout").default("60s").read(value::duration),
    }
}

fn entra(read: &mut Reader) -> Entra {
    let tenant_id = read.key("entra.tenant_id").variable("ENTRA_TENANT_ID").read(rule::tenant);
    let client_id = read.key("entra.client_id").variable("ENTRA_CLIENT_ID").read(rule::word);
    for (key, id) in [("entra.tenant_id", &tenant_id), ("entra.client_id", &client_id)] {
        if !id.is_empty() && !rule::is_guid(id) {
            let hint = "Entra's tokens name tenants and applications by their GUID";
            read.warn(key, Bad::new(format!("`{id}` is not a GUID"), hint));
        }
    }
    Entra {
        authority: read
            .key("entra.authority")
            .variable("ENTRA_AUTHORITY")
            .default(format!("https://login.microsoftonline.com/{tenant_id}"))
            .read(rule::authority),
        cache_ttl: read
            .key("entra.cache_ttl")
            .variable_in("OPENID_CACHE_TTL_SECONDS", "s")
            .default("1h")
            .read(value::duration),
        required_groups: read.key("entra.required_groups").optional(value::list).unwrap_or_default(),
        required_roles: read.key("entra.required_roles").optional(value::list).unwrap_or_default(),
        email_domains: read.key("entra.email_domains").optional(rule::domains).unwrap_or_default(),
        auth_context: read.key("entra.auth_context").optional(rule::word),
        tenant_id,
        client_id,
    }
}

fn token(read: &mut Reader) -> Token {
    Token {
        keys: signing_keys(read),
        issuer: read.key("token.issuer").default("sallyport").read(value::text),
        audience: read.key("token.audience").default("sallyport").read(value::text),
        access_ttl: read
            .key("token.access_ttl")
            .variable_in("INTERNAL_JWT_TTL_HOURS", "h")
            .default("3h")
            .read(value::duration),
        refresh_ttl: read
            .key("token.refresh_ttl")
            .variable_in("INTERNAL_REFRESH_TTL_DAYS", "d")
            .default("30d")
            .read(value::duration),
        refresh_grace: read.key("token.refresh_grace").default("60s").read(value::duration),
    }
}

fn signing_keys(read: &mut Reader) -> SigningKeys {
    let files = read.key("token.ed25519_keys").path().optional(rule::all_readable);
    let ask = read.key("token.secrets").variable("INTERNAL_JWT_SECRET");
    match files {
        None => SigningKeys::Shared(ask.read(rule::secrets)),
        Some(files) => {
            if ask.optional(rule::secrets).is_some() {
                let bad =
                    Bad::new("`token.ed25519_keys` is set too", "sign with one of the two, remove the other");
                read.refuse("token.secrets", bad);
            }
            SigningKeys::Ed25519(files)
        }
    }
}

fn gateway(read: &mut Reader) -> Gateway {
    Gateway {
        body_limit: read.key("gateway.body_limit").default("32 MiB").read(value::size).0,
        ping_interval: read.key("gateway.ping_interval").default("15s").read(value::duration),
        models: read.key("gateway.models").optional(value::list).unwrap_or_default(),
        aliases: read.map("gateway.aliases", rule::model),
    }
}

fn bedrock(read: &mut Reader) -> Bedrock {
    Bedrock {
        region: region(read),
        endpoint: read
            .key("bedrock.endpoint")
            .variable("AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
            .optional(rule::base_url),
        profile: read.key("bedrock.profile").variable("AWS_PROFILE").optional(value::text),
        credentials_file: read.key("bedrock.credentials_file").path().optional(rule::readable),
        fips: read.key("bedrock.fips").variable("AWS_USE_FIPS_ENDPOINT").default("false").read(value::flag),
        dual_stack: read
            .key("bedrock.dual_stack")
            .variable("AWS_USE_DUALSTACK_ENDPOINT")
            .default("false")
            .read(value::flag),
        api_key: api_key(read),
        model_id: model_id(read),
        anthropic_version: read
            .key("bedrock.anthropic_version")
            .variable("ANTHROPIC_VERSION")
            .default("bedrock-2023-05-31")
            .read(rule::word),
        connect_timeout: read.key("bedrock.connect_timeout").default("5s").read(value::duration),
        first_byte_timeout: read.key("bedrock.first_byte_timeout").default("10m").read(value::duration),
        idle_timeout: read.key("bedrock.idle_timeout").default("5m").read(value::duration),
        pool_size: read.key("bedrock.pool_size").default("256").read(value::count),
    }
}

fn api_key(read: &mut Reader) -> Option<Secret<String>> {
    let api_key = read.key("bedrock.api_key").variable("BEDROCK_API_KEY").optional(rule::secret);
    if api_key.is_none() && read.sources.variable("AWS_BEARER_TOKEN_BEDROCK").is_some() {
        let hint = "to use a Bedrock API key, set `BEDROCK_API_KEY`; else unset it";
        read.warn("bedrock.api_key", Bad::new("`AWS_BEARER_TOKEN_BEDROCK` is set and not used", hint));
    }
    api_key
}

fn model_id(read: &mut Reader) -> ModelId {
    read.key("bedrock.model_id")
        .variable("BEDROCK_MODEL_ID")
        .default("anthropic.claude-3-5-sonnet-20241022-v1:0")
        .read(rule::model)
}

fn region(read: &mut Reader) -> String {
    read.key("bedrock.region")
        .variable("BEDROCK_REGION")
        .fallback("AWS_REGION")
        .fallback("AWS_DEFAULT_REGION")
        .default("us-east-1")
        .read(rule::word)
}

fn admin(read: &mut Reader, runtime_dir: &Path) -> Admin {
    let default = runtime_dir.join("admin.sock").display().to_string();
    let socket = read.key("admin.socket").default(default).path().read(value::path);
    if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
        let what = format!("a socket's path has at most {LONGEST_SOCKET_PATH} bytes");
        read.refuse("admin.socket", Bad::new(what, "choose a shorter `runtime_dir`"));
    }
    Admin {
        socket,
        operators: read.key("admin.operators").optional(rule::uids),
        readers: read.key("admin.readers").optional(rule::uids),
        audit_retention: read.key("admin.audit_retention").default("365d").read(value::duration),
    }
}

fn usage(read: &mut Reader) -> Usage {
    let retention = read.key("usage.retention").default("400d").read(value::duration);
    if !retention.is_zero() && retention < SHORTEST_USAGE {
        let hint = "write `32d` or more: what was spent in a month is counted from it";
        read.refuse("usage.retention", Bad::new("a month of usage must be kept", hint));
    }
    Usage { retention }
}

fn log(read: &mut Reader) -> Log {
    Log {
        format: read
            .key("telemetry.log_format")
            .variable("SALLYPORT_LOG_FORMAT")
            .default("text")
            .read(log_format),
        level: read.key("telemetry.log_level").variable("SALLYPORT_LOG_LEVEL").default("info").read(levels),
    }
}

fn log_format(written: &Value) -> Result<LogFormat, Bad> {
    match value::text(written)?.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(Bad::new(format!("`{other}` is not a format of logs"), "write `text` or `json`")),
    }
}

fn levels(written: &Value) -> Result<Levels, Bad> {
    value::text(written)?.parse().map_err(|part| {
        let hint = "`error`, `warn`, `info`, `debug` or `trace`, and `,module=level` for single modules";
        Bad::new(format!("`{part}` is not a level"), format!("write {hint}"))
    })
}
