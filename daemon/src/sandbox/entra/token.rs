//! What Entra's tokens say, by version and audience.

use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::time::Timestamp;
use uuid::Uuid;

use super::{CLIENT_ID, TENANT_ID, User};

pub(super) const LIFETIME: Duration = Duration::from_hours(1);
/// Microsoft Graph: whom an access token is for when no API of ours was asked for.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// The kinds of token that come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An ID token, version 2.
    Id,
    /// For our API under its URI: what an application gets that never chose a version.
    AccessV1,
    /// For our API under its client id.
    AccessV2,
    /// Not for us.
    Graph,
}

impl Kind {
    /// The access token that these scopes bring. The real Entra goes by the application's registration; here both
    /// versions can be had.
    pub(super) fn of_scopes(scopes: &str) -> Self {
        let has = |prefix: String| scopes.split(' ').any(|scope| scope.starts_with(&prefix));
        if has(format!("api://{CLIENT_ID}/")) {
            Self::AccessV1
        } else if has(format!("{CLIENT_ID}/")) {
            Self::AccessV2
        } else {
            Self::Graph
        }
    }
}

pub(super) fn claims(authority: &str, user: &User, kind: Kind, now: Timestamp) -> Map<String, Value> {
    let mut claims = common(user, now);
    let specific = match kind {
        Kind::Id | Kind::AccessV2 => v2(authority, user),
        Kind::AccessV1 => v1(user, &format!("api://{CLIENT_ID}")),
        Kind::Graph => v1(user, GRAPH),
    };
    if let Value::Object(specific) = specific {
        claims.extend(specific);
    }
    claims
}

fn common(user: &User, now: Timestamp) -> Map<String, Value> {
    let common = json!({
        "tid": TENANT_ID,
        "oid": user.oid,
        // Pairwise: another one for each application (OpenID Connect Core, section 8.1).
        "sub": format!("pairwise-{}", user.name),
        "iat": now.seconds(),
        "nbf": now.seconds(),
        "exp": (now + LIFETIME).seconds(),
        "name": user.display_name,
        "groups": user.groups,
        "roles": user.roles,
        "uti": Uuid::new_v4().simple().to_string(),
    });
    if let Value::Object(common) = common { common } else { Map::new() }
}

fn v2(authority: &str, user: &User) -> Value {
    json!({
        "ver": "2.0",
        "iss": format!("{authority}/v2.0"),
        "aud": CLIENT_ID,
        "preferred_username": user.email,
        "email": user.email,
        "azp": CLIENT_ID,
    })
}

fn v1(user: &User, audience: &str) -> Value {
    json!({
        "ver": "1.0",
        "iss": format!("https://sts.windows.net/{TENANT_ID}/"),
        "aud": audience,
        "upn": user.email,
        "unique_name": user.email,
        "appid": CLIENT_ID,
        "scp": "access_as_user",
    })
}
