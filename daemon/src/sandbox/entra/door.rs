//! The HTTP surface, at the paths that Entra has.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, UNIX_EPOCH},
};

use http::{HeaderValue, Method, StatusCode, Uri, header, uri::Scheme};
use serde_json::{Value, json};

use super::{
    CLIENT_ID, TENANT_ID, Tenant, User,
    error::Failure,
    form::Form,
    grant::{Binding, DEVICE_LIFETIME, Decision, POLL_INTERVAL, SignIn},
    key, page,
    token::{Kind, LIFETIME},
};
use crate::http::{Call, Response, Route, reply, route};

const FORM_LIMIT: usize = 64 * 1024;
const AUTHORIZE: &str = "/oauth2/v2.0/authorize";
const DEVICE_LOGIN: &str = "/devicelogin";

pub(super) fn routes(tenant: &Arc<Tenant>) -> Route {
    route::any_of([Method::GET, Method::POST].map(|method| route::under(method, "/", tenant, serve)))
}

async fn serve(tenant: Arc<Tenant>, mut call: Call) -> Response {
    let now = tenant.clock.now();
    let answer = answer(&tenant, &mut call).await;
    let mut answer = answer.unwrap_or_else(|failure| failure.answer(now));
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(now.0));
    answer.headers_mut().extend(HeaderValue::from_str(&date).ok().map(|date| (header::DATE, date)));
    answer
}

async fn answer(tenant: &Tenant, call: &mut Call) -> Result<Response, Failure> {
    if tenant.is_down.load(Ordering::Relaxed) {
        return Err(Failure::Down);
    }
    let query = Form::parse(&call.query);
    let path = call.path.clone();
    if path == DEVICE_LOGIN {
        return Ok(tenant.device_login(&query));
    }
    let path = path.strip_prefix('/').and_then(|path| path.strip_prefix(TENANT_ID));
    match (call.method.as_str(), path.ok_or(Failure::UnknownTenant)?) {
        ("GET", "/v2.0/.well-known/openid-configuration") => Ok(ok(&tenant.discovery())),
        ("GET", "/discovery/v2.0/keys") => Ok(ok(&tenant.key_set())),
        ("GET", AUTHORIZE) => tenant.authorize(&query),
        ("POST", "/oauth2/v2.0/devicecode") => tenant.device_code(&form(call).await?),
        ("POST", "/oauth2/v2.0/token") => tenant.token(&form(call).await?),
        _ => Err(Failure::NoSuchPath),
    }
}

async fn form(call: &mut Call) -> Result<Form, Failure> {
    let body = call.body(FORM_LIMIT).await?.into_bytes();
    Ok(Form::parse(&String::from_utf8_lossy(&body)))
}

fn ok(value: &Value) -> Response {
    reply::json(StatusCode::OK, value)
}

impl Tenant {
    fn discovery(&self) -> Value {
        self.discoveries.fetch_add(1, Ordering::Relaxed);
        let authority = self.authority();
        json!({
            "issuer": format!("{authority}/v2.0"),
            "authorization_endpoint": format!("{authority}{AUTHORIZE}"),
            "token_endpoint": format!("{authority}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{authority}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{authority}/discovery/v2.0/keys"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
        })
    }

    fn key_set(&self) -> Value {
        let issuer = key::issuer(&self.authority());
        json!({ "keys": self.keys().iter().map(|key| key.jwk(&issuer)).collect::<Vec<_>>() })
    }

    /// Authorization code with PKCE (RFC 6749, section 4.1; RFC 7636). Signs in whom `login_hint` names at once.
    fn authorize(&self, asked: &Form) -> Result<Response, Failure> {
        check_client(asked)?;
        let redirect_uri = asked.need("redirect_uri")?;
        if !is_loopback(redirect_uri) {
            return Err(Failure::RedirectUri);
        }
        if asked.get("response_type") != "code" {
            return Ok(self.redirect_failure(asked, &Failure::MissingParameter("response_type")));
        }
        if asked.get("code_challenge_method") != "S256" || asked.get("code_challenge").is_empty() {
            return Ok(self.redirect_failure(asked, &Failure::PkceRequired));
        }
        if let Some(number) = blocked(asked.get("login_hint")) {
            return Ok(self.redirect_failure(asked, &Failure::Blocked(number)));
        }
        let Some(user) = User::find(asked.get("login_hint")) else {
            return Ok(page::choose("Sign in", &format!("/{TENANT_ID}{AUTHORIZE}"), asked));
        };
        let sign_in = SignIn { user, scope: asked.get("scope").into(), nonce: asked.get("nonce").into() };
        let binding =
            Binding { redirect_uri: redirect_uri.into(), challenge: asked.get("code_challenge").into() };
        let code = self.grants.add_code(sign_in, binding, self.clock.now());
        Ok(self.redirect(asked, Form::default().with("code", &code)))
    }

    fn redirect_failure(&self, asked: &Form, failure: &Failure) -> Response {
        let answer = Form::default().with("error", failure.oauth_code());
        self.redirect(asked, answer.with("error_description", &failure.description()))
    }

    fn redirect(&self, asked: &Form, mut answer: Form) -> Response {
        if !asked.get("state").is_empty() {
            answer = answer.with("state", asked.get("state"));
        }
        let uri = asked.get("redirect_uri");
        let separator = if uri.contains('?') { '&' } else { '?' };
        let Ok(location) = HeaderValue::from_str(&format!("{uri}{separator}{}", answer.encode())) else {
            return Failure::RedirectUri.answer(self.clock.now());
        };
        let mut response = reply::text(StatusCode::FOUND, "");
        response.headers_mut().insert(header::LOCATION, location);
        response
    }

    /// Starts the device flow (RFC 8628). `login_hint`, which Entra does not take here, approves it at once.
    fn device_code(&self, asked: &Form) -> Result<Response, Failure> {
        check_client(asked)?;
        let user = User::find(asked.get("login_hint"));
        let codes = self.grants.add_device(asked.need("scope")?, user, self.clock.now());
        let page = format!("{}{DEVICE_LOGIN}", self.origin());
        let user_code = codes.user_code;
        Ok(ok(&json!({
            "device_code": codes.device_code,
            "user_code": user_code,
            "verification_uri": page,
            "expires_in": DEVICE_LIFETIME.as_secs(),
            "interval": POLL_INTERVAL.as_secs(),
            "message": format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."),
        })))
    }

    /// The page behind `verification_uri`; with `user_code` and `login_hint` it approves at once.
    fn device_login(&self, asked: &Form) -> Response {
        let (user_code, hint) = (asked.get("user_code"), asked.get("login_hint"));
        if user_code.is_empty() {
            return page::ask_code(DEVICE_LOGIN, "");
        }
        let decision = match (User::find(hint), blocked(hint)) {
            (Some(user), _) => Decision::Approved(user),
            (None, Some(number)) => Decision::Blocked(number),
            (None, None) if hint == "decline" => Decision::Declined,
            (None, None) if hint == "slow-down" => Decision::SlowDown,
            (None, None) => return page::choose("Sign in on your device", DEVICE_LOGIN, asked),
        };
        match (self.grants.decide(user_code, decision, self.clock.now()), decision) {
            (false, _) => page::ask_code(DEVICE_LOGIN, "There is no such code."),
            (true, Decision::Approved(_)) => {
                page::say("Signed in", "Your device is signed in. You can close this page.")
            }
            (true, Decision::SlowDown) => {
                page::say("Slowed down", "Your device is told to ask less often, and can still be signed in.")
            }
            (true, _) => page::say("Declined", "Your device is not signed in. You can close this page."),
        }
    }

    fn token(&self, asked: &Form) -> Result<Response, Failure> {
        check_client(asked)?;
        let now = self.clock.now();
        let sign_in = match asked.need("grant_type")? {
            "authorization_code" => {
                let verifier = asked.need("code_verifier").map_err(|_| Failure::PkceRequired)?;
                self.grants.redeem_code(asked.need("code")?, asked.get("redirect_uri"), verifier, now)?
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                self.grants.poll_device(asked.need("device_code")?, now)?
            }
            "refresh_token" => {
                let sign_in = self.grants.refresh(asked.need("refresh_token")?, now)?;
                let scope = asked.get("scope");
                if scope.is_empty() { sign_in } else { SignIn { scope: scope.to_owned(), ..sign_in } }
            }
            _ => return Err(Failure::GrantType),
        };
        Ok(self.tokens(&sign_in))
    }

    fn tokens(&self, sign_in: &SignIn) -> Response {
        let asks_for = |wanted: &str| sign_in.scope.split(' ').any(|scope| scope == wanted);
        let access = self.draft(sign_in.user, Kind::of_scopes(&sign_in.scope));
        let mut answer = json!({
            "token_type": "Bearer",
            "scope": sign_in.scope,
            "expires_in": LIFETIME.as_secs(),
            "ext_expires_in": LIFETIME.as_secs(),
            "access_token": access.sign(),
        });
        let nonce = Some(sign_in.nonce.as_str()).filter(|nonce| !nonce.is_empty());
        let id = asks_for("openid").then(|| self.draft(sign_in.user, Kind::Id).claim("nonce", nonce).sign());
        let refresh =
            asks_for("offline_access").then(|| self.grants.add_refresh(sign_in.clone(), self.clock.now()));
        for (name, token) in [("id_token", id), ("refresh_token", refresh)] {
            if let (Some(fields), Some(token)) = (answer.as_object_mut(), token) {
                fields.insert(name.to_owned(), token.into());
            }
        }
        let mut response = ok(&answer);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn check_client(asked: &Form) -> Result<(), Failure> {
    if asked.need("client_id")? == CLIENT_ID { Ok(()) } else { Err(Failure::UnknownClient) }
}

/// `blocked.53003` in place of a user: what a tenant blocks, with Entra's number for it.
fn blocked(hint: &str) -> Option<u32> {
    hint.strip_prefix("blocked.")?.parse().ok()
}

/// The redirect URIs of a desktop application (RFC 8252, section 7.3).
fn is_loopback(uri: &str) -> bool {
    let uri = uri.parse::<Uri>().unwrap_or_default();
    let is_http = uri.scheme() == Some(&Scheme::HTTP);
    is_http && matches!(uri.host(), Some("localhost" | "127.0.0.1"))
}
