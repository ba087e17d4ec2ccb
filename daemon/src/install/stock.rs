//! What has been verified and can be served.
//!
//! Invariant: a version that can't be verified never takes the place of one that was.

use std::{collections::BTreeMap, io, sync::Arc};

use shared::{
    platform::Platform,
    release::{Digest, Version},
};

use super::{
    artifact::Artifact,
    folder::{SUMS, agent, agent_path},
    pointer::Pointer,
    release::{BadRelease, Release, Verifier},
};

/// Releases, what points to them, and the agents.
#[derive(Debug, Clone, Default)]
pub(super) struct Stock {
    pub pointers: BTreeMap<Pointer, Arc<Release>>,
    pub releases: BTreeMap<Version, Arc<Release>>,
    pub agents: BTreeMap<Platform, Arc<Artifact>>,
    /// What could not be verified, and why.
    pub problems: Vec<String>,
}

impl Stock {
    /// Verifies what lies in the folder: first what is pointed to, which is handed to `early`, then the rest. What used to
    /// be served stays where its successor is not good.
    pub fn take(verifier: &mut Verifier<'_>, old: &Self, early: impl FnOnce(&Self)) -> Self {
        let mut stock = Self::default();
        for pointer in Pointer::ALL {
            match stock.follow(verifier, pointer) {
                Ok(Some(release)) => drop(stock.pointers.insert(pointer, release)),
                Ok(None) => {}
                Err(refused) => stock.stay(old, pointer, &refused),
            }
        }
        stock.take_agents(verifier, old);
        early(&stock);
        for version in verifier.listing.versions() {
            if let Err(refused) = stock.verify(verifier, &version) {
                stock.problems.push(refused.to_string());
            }
        }
        stock.problems.sort();
        stock.problems.dedup();
        stock
    }

    /// What people and scripts get.
    pub fn served(&self) -> Option<&Arc<Release>> {
        self.pointers.get(&Pointer::Served)
    }

    fn follow(
        &mut self,
        verifier: &mut Verifier<'_>,
        pointer: Pointer,
    ) -> Result<Option<Arc<Release>>, BadRelease> {
        let Some(text) = verifier.document(pointer.path())? else { return Ok(None) };
        let version = Version::from_channel(&text)
            .map_err(|error| BadRelease::Pointer { path: pointer.path(), error })?;
        self.verify(verifier, &version).map(Some)
    }

    fn verify(&mut self, verifier: &mut Verifier<'_>, version: &Version) -> Result<Arc<Release>, BadRelease> {
        if let Some(release) = self.releases.get(version) {
            return Ok(release.clone());
        }
        let release = Arc::new(verifier.release(version)?);
        self.releases.insert(version.clone(), release.clone());
        Ok(release)
    }

    fn stay(&mut self, old: &Self, pointer: Pointer, refused: &BadRelease) {
        let mut problem = refused.to_string();
        if let Some(release) = old.pointers.get(&pointer) {
            problem = format!("{problem}; version {} is served on", release.version);
            self.releases.entry(release.version.clone()).or_insert_with(|| release.clone());
            self.pointers.insert(pointer, release.clone());
        }
        self.problems.push(problem);
    }

    fn take_agents(&mut self, verifier: &mut Verifier<'_>, old: &Self) {
        for platform in Platform::ALL {
            match agent_of(verifier, platform) {
                Ok(Some(artifact)) => drop(self.agents.insert(platform, Arc::new(artifact))),
                Ok(None) => {}
                Err(refused) => {
                    self.problems.push(refused.to_string());
                    let stays = old.agents.get(&platform).cloned();
                    self.agents.extend(stays.map(|artifact| (platform, artifact)));
                }
            }
        }
    }
}

fn agent_of(verifier: &mut Verifier<'_>, platform: Platform) -> Result<Option<Artifact>, BadRelease> {
    let path = agent_path(platform);
    if verifier.listing.find(&path).is_none() {
        return Ok(None);
    }
    let sums = verifier.document(SUMS)?;
    let artifact = verifier.artifact(&path)?;
    // Its digest must come from elsewhere than the file: it may be a copy that is still under way.
    if sums.is_some_and(|sums| vouches(&sums, platform, artifact.digest)) {
        return Ok(Some(artifact));
    }
    let error = io::Error::other(format!("`{SUMS}` does not name its digest"));
    Err(BadRelease::File { path, error })
}

/// Whether a file as `sha256sum` writes it names this digest for a platform's agent.
fn vouches(sums: &[u8], platform: Platform, digest: Digest) -> bool {
    let wanted = format!("{platform}/{}", agent(platform));
    String::from_utf8_lossy(sums).lines().any(|line| {
        let Some((sum, name)) = line.split_once(' ') else { return false };
        let name = name.trim_start_matches([' ', '*']).trim_start_matches("./");
        name == wanted && sum.parse() == Ok(digest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_vouched_for_by_its_own_line() {
        let digest = Digest::of(b"agent");
        let vouch = |text: &str| vouches(text.as_bytes(), Platform::LinuxX64, digest);
        assert!(vouch(&format!("{digest}  linux-x64/claude-agent\n")));
        assert!(vouch(&format!("{digest} *./linux-x64/claude-agent\r\n")));
        assert!(!vouch(&format!("{digest}  linux-arm64/claude-agent\n")));
        assert!(!vouch(&format!("{}  linux-x64/claude-agent\n", Digest::of(b"other"))));
        assert!(!vouch(""));
    }
}
