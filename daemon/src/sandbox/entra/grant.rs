//! What a token may be asked for with: authorization codes, device codes, refresh tokens.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use shared::time::Timestamp;
use uuid::Uuid;

use super::{User, error::Failure, key::base64};

const CODE_LIFETIME: Duration = Duration::from_mins(10);
pub(super) const DEVICE_LIFETIME: Duration = Duration::from_mins(15);
/// How often a device may ask. Entra says 5 seconds; nobody wants to wait that long here.
pub(super) const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// By how much that grows when it asks too often (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
const REFRESH_LIFETIME: Duration = Duration::from_hours(24 * 90);

/// A user who signed in, and what for.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) user: &'static User,
    pub(super) scope: String,
    pub(super) nonce: String,
}

/// What an authorization code is bound to.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Decision {
    Open,
    /// None yet, and the next question comes too early, as if it had been asked too often.
    SlowDown,
    Approved(&'static User),
    Declined,
    /// By a policy of the tenant, with this AADSTS number.
    Blocked(u32),
}

#[derive(Debug)]
struct Device {
    user_code: String,
    scope: String,
    decision: Decision,
    /// When it asked last, and how long it has to wait until it asks again.
    asked_at: Option<Timestamp>,
    interval: Duration,
}

/// How often devices asked before anybody had decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DevicePolls {
    pub pending: usize,
    /// Those that came too early.
    pub slow_down: usize,
}

#[derive(Debug)]
struct Timed<T> {
    until: Timestamp,
    grant: T,
}

#[derive(Debug, Default)]
pub(super) struct Grants {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// A code stays here after it was redeemed, with nothing in it, so that a second use is told from a wrong one.
    codes: HashMap<String, Timed<Option<(SignIn, Binding)>>>,
    devices: HashMap<String, Timed<Device>>,
    polls: DevicePolls,
    refresh: HashMap<String, Timed<SignIn>>,
}

/// A started device flow.
#[derive(Debug)]
pub(super) struct DeviceCodes {
    pub(super) device_code: String,
    pub(super) user_code: String,
}

impl Grants {
    pub(super) fn add_code(&self, sign_in: SignIn, binding: Binding, now: Timestamp) -> String {
        let code = opaque();
        let timed = Timed { until: now + CODE_LIFETIME, grant: Some((sign_in, binding)) };
        self.open(now).codes.insert(code.clone(), timed);
        code
    }

    /// Redeems an authorization code, once, for whoever knows the verifier (RFC 7636, section 4.6).
    pub(super) fn redeem_code(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<SignIn, Failure> {
        let mut open = self.open(now);
        let timed = open.codes.get_mut(code).ok_or(Failure::Grant)?;
        let (sign_in, binding) = timed.grant.take().ok_or(Failure::Redeemed)?;
        if binding.redirect_uri != redirect_uri {
            return Err(Failure::RedirectUri);
        }
        let challenge = base64(digest(&SHA256, verifier.as_bytes()).as_ref());
        if challenge == binding.challenge { Ok(sign_in) } else { Err(Failure::PkceMismatch) }
    }

    pub(super) fn add_device(&self, scope: &str, user: Option<&'static User>, now: Timestamp) -> DeviceCodes {
        let user_code: String = Uuid::new_v4().simple().to_string().to_uppercase().chars().take(9).collect();
        let decision = user.map_or(Decision::Open, Decision::Approved);
        let (scope, interval) = (scope.to_owned(), POLL_INTERVAL);
        let device = Device { user_code: user_code.clone(), scope, decision, asked_at: None, interval };
        let device_code = opaque();
        let timed = Timed { until: now + DEVICE_LIFETIME, grant: device };
        self.open(now).devices.insert(device_code.clone(), timed);
        DeviceCodes { device_code, user_code }
    }

    /// Decides about a device. Says whether there is one with this code.
    pub(super) fn decide(&self, user_code: &str, decision: Decision, now: Timestamp) -> bool {
        let mut open = self.open(now);
        let mut devices = open.devices.values_mut();
        let Some(device) = devices.find(|device| device.grant.user_code.eq_ignore_ascii_case(user_code))
        else {
            return false;
        };
        device.grant.decision = decision;
        true
    }

    /// What a polling device gets.
    pub(super) fn poll_device(&self, device_code: &str, now: Timestamp) -> Result<SignIn, Failure> {
        let mut open = self.open(now);
        let Open { devices, polls, .. } = &mut *open;
        let Timed { until, grant: device } = devices.get_mut(device_code).ok_or(Failure::DeviceCode)?;
        if *until <= now {
            return Err(Failure::CodeExpired);
        }
        let sign_in = match device.decision {
            Decision::Open | Decision::SlowDown => return Err(device.undecided(now, polls)),
            Decision::Declined => return Err(Failure::Declined),
            Decision::Blocked(number) => return Err(Failure::Blocked(number)),
            Decision::Approved(user) => SignIn { user, scope: device.scope.clone(), nonce: String::new() },
        };
        devices.remove(device_code);
        Ok(sign_in)
    }

    pub(super) fn device_polls(&self, now: Timestamp) -> DevicePolls {
        self.open(now).polls
    }

    pub(super) fn add_refresh(&self, sign_in: SignIn, now: Timestamp) -> String {
        let token = opaque();
        let timed = Timed { until: now + REFRESH_LIFETIME, grant: sign_in };
        self.open(now).refresh.insert(token.clone(), timed);
        token
    }

    /// Entra's refresh tokens stay valid after their use.
    pub(super) fn refresh(&self, token: &str, now: Timestamp) -> Result<SignIn, Failure> {
        self.open(now).refresh.get(token).map(|timed| timed.grant.clone()).ok_or(Failure::Grant)
    }

    /// The grants that are open now. Expired device codes are kept for as long again, to be told from wrong ones.
    fn open(&self, now: Timestamp) -> MutexGuard<'_, Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.codes.retain(|_, timed| timed.until > now);
        open.devices.retain(|_, timed| timed.until + DEVICE_LIFETIME > now);
        open.refresh.retain(|_, timed| timed.until > now);
        open
    }
}

impl Device {
    /// What it gets as long as nobody has decided; if it asks too often, it has to wait longer from then on.
    fn undecided(&mut self, now: Timestamp, polls: &mut DevicePolls) -> Failure {
        let is_early = self.asked_at.replace(now).is_some_and(|last| now.since(last) < self.interval);
        if is_early || matches!(self.decision, Decision::SlowDown) {
            self.decision = Decision::Open;
            self.interval += SLOWER;
            polls.slow_down += 1;
            return Failure::SlowDown;
        }
        polls.pending += 1;
        Failure::Pending
    }
}

/// A value that nobody can guess. Should the system have no randomness, it is still one that nobody was given.
fn opaque() -> String {
    let mut bytes = [0; 32];
    match rand::fill(&mut bytes) {
        Ok(()) => base64(&bytes),
        Err(_) => Uuid::new_v4().simple().to_string(),
    }
}
