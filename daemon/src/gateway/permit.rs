//! May they? A permit says yes, and holds what the request may use until its meter settles it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::{
    id::ModelId,
    usage::{Money, Tokens},
};
use tracing::warn;

use super::{Gateway, Refusal, rules::Rules, weight};
use crate::{
    domain::{
        limit::{Estimate, Reservation, Standing, Used},
        policy::Policy,
        price::{Source, Tariff},
    },
    http::Body,
    keyring::Caller,
};

/// Bytes of a request that make a token, roughly.
const BYTES_PER_TOKEN: u64 = 4;
/// No model answers with more. Whoever asks for more does not get it.
const LONGEST_ANSWER: u64 = 300_000;
/// How many models without a price are remembered, and so warned about.
const UNPRICED: usize = 1_000;

/// What lets a request go to the upstream.
#[derive(Debug)]
pub struct Permit {
    pub(super) caller: Arc<Caller>,
    pub(super) model: ModelId,
    /// Of the same rules as all else here, whatever is reloaded meanwhile.
    pub(super) ping_interval: Duration,
    tariff: Tariff,
    /// The prompt's tokens, roughly.
    prompt: u64,
    reservation: Option<Reservation>,
}

impl Gateway {
    /// Asks the rules about a request whose body is ready for Bedrock.
    pub(super) fn admit(
        &self,
        rules: &Rules,
        caller: &Arc<Caller>,
        model: ModelId,
        body: &Body,
    ) -> Result<Permit, Refusal> {
        let quote = rules.quote(&model);
        if quote.source == Source::Unknown && self.unpriced.is_new(&model) {
            let hint = "add a `[[price]]` for it to the configuration";
            warn!(%model, hint, "no price is known, so it is charged as the dearest model");
        }
        let policy = rules.policy(caller);
        let prompt = u64::try_from(body.len()).unwrap_or(u64::MAX).div_ceil(BYTES_PER_TOKEN);
        let estimate = estimate(policy, &quote.tariff, prompt, body)?;
        let user = &caller.identity.user;
        let reservation = self.limits.reserve(user, policy, estimate, self.clock.now()).map_err(Box::new)?;
        let (caller, tariff, reservation) = (caller.clone(), quote.tariff, Some(reservation));
        Ok(Permit { caller, model, ping_interval: rules.ping_interval, tariff, prompt, reservation })
    }
}

impl Permit {
    /// How far the caller is with its budget, if it has one.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.reservation.as_ref().and_then(Reservation::standing).cloned()
    }

    /// The prompt as far as its length tells: the upstream never said more.
    pub(super) fn prompt(&self) -> Tokens {
        Tokens { input: self.prompt, ..Tokens::default() }
    }

    pub(super) fn cost(&self, tokens: Tokens) -> Money {
        self.tariff.cost(tokens)
    }

    /// Replaces what was held by what was used; what comes later changes nothing.
    pub(super) fn settle(&mut self, used: Used) {
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(used);
        }
    }
}

/// What a request may use: its whole prompt written into the cache, and the longest answer it asks for.
fn estimate(policy: &Policy, tariff: &Tariff, prompt: u64, body: &Body) -> Result<Estimate, Refusal> {
    if policy.max_tokens.is_none() && !policy.caps.needs_estimate() {
        return Ok(Estimate::default());
    }
    let asked = weight::max_tokens(body).unwrap_or_default();
    policy.check_max_tokens(asked)?;
    let tokens = Tokens { cache_write: prompt, output: asked.min(LONGEST_ANSWER), ..Tokens::default() };
    Ok(Estimate { tokens: tokens.total(), cost: tariff.cost(tokens) })
}

/// The models without a price that were warned about.
#[derive(Debug, Default)]
pub(super) struct Unpriced(Mutex<HashSet<ModelId>>);

impl Unpriced {
    fn is_new(&self, model: &ModelId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < UNPRICED && !known.contains(model) && known.insert(model.clone())
    }
}
