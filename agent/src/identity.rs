//! What this workstation tells of itself when somebody signs in.

use std::{env, fmt::Write};

use sha2::{Digest, Sha256};
use shared::{api::auth::Device, id::DeviceId};

use crate::os::Os;

/// Half of a SHA-256 is more than enough to tell devices apart.
const ID_BYTES: usize = 16;

/// The same for every sign-in of this user on this machine. The machine's own id can't be found out from it.
pub fn device_id(os: &dyn Os) -> DeviceId {
    let machine = os.machine_id().or_else(|| os.hostname()).unwrap_or_default();
    let user = os.account().map(|account| account.id).unwrap_or_default();
    let digest = Sha256::digest(format!("sallyport\0{machine}\0{user}"));
    DeviceId::new(digest.iter().take(ID_BYTES).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

pub fn device(os: &dyn Os) -> Device {
    Device {
        hostname: os.hostname(),
        os: Some(env::consts::OS.to_owned()),
        arch: Some(env::consts::ARCH.to_owned()),
        agent_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::{Account, fake::Fake};

    #[test]
    fn a_device_is_a_user_on_a_machine() {
        let here = || Fake::default();
        let other_user =
            Fake { account: Account { id: "1001".to_owned(), is_administrator: false }, ..here() };
        let other_machine = Fake { machine_id: Some("0".to_owned()), ..here() };
        assert_eq!(device_id(&here()), device_id(&here()));
        assert_ne!(device_id(&here()), device_id(&other_user));
        assert_ne!(device_id(&here()), device_id(&other_machine));
        assert_eq!(device_id(&here()).as_str().len(), 32);
    }
}
