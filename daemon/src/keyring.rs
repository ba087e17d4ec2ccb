//! Access tokens: minted with the first key, verified with all of them.

use std::sync::Arc;

use shared::time::Timestamp;

use crate::{domain::session::Identity, live::Life};

/// A caller with a valid access token.
#[derive(Debug)]
pub struct Caller {
    pub identity: Identity,
    pub expires: Timestamp,
    pub life: Arc<Life>,
}
