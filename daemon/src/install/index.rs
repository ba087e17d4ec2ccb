//! Every path that there is, and what it stands for. A path that is asked for is looked up here as it came, and never
//! becomes the path of a file.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use shared::{
    platform::{Os, Platform},
    release::{Digest, Version},
};

use super::{
    artifact::Artifact,
    folder::{AGENT, MANIFEST, RELEASES, SIGNATURE, agent, binary_path},
    pointer::Pointer,
    release::Release,
    stock::Stock,
};

const PLAIN: &str = "text/plain; charset=utf-8";

/// What a path stands for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub content: Content,
    pub digest: Digest,
    pub lasting: Lasting,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Document { bytes: Bytes, content_type: &'static str },
    Binary(Binary),
}

/// A binary under one of its paths.
#[derive(Debug, Clone)]
pub(super) struct Binary {
    pub artifact: Arc<Artifact>,
    /// As what it is to be saved.
    pub name: String,
    pub what: What,
}

/// What a binary is, for those who count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Claude { version: Version, platform: Platform },
    Agent { platform: Platform },
}

/// Whether other bytes may stand at a path tomorrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    Immutable,
    Moving,
}

/// The paths.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<String, Entry>);

impl Index {
    pub fn of(stock: &Stock) -> Self {
        let mut index = Self::default();
        for (name, pointer) in [("latest", Pointer::Latest), ("stable", Pointer::Stable)] {
            // A channel that was not mirrored is the version that is served.
            if let Some(release) = stock.pointers.get(&pointer).or_else(|| stock.served()) {
                let text = format!("{}\n", release.version);
                index.document(format!("/{RELEASES}/{name}"), text.into(), PLAIN);
            }
        }
        if let Some(release) = stock.served() {
            index.document("/VERSION".to_owned(), format!("{}\n", release.version).into(), PLAIN);
        }
        stock.releases.values().for_each(|release| index.release(release));
        stock.served().into_iter().for_each(|release| index.installers(release));
        stock.agents.iter().for_each(|(platform, artifact)| index.agent(*platform, artifact));
        index
    }

    /// What is at this path, as it came.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        self.0.get(path)
    }

    fn release(&mut self, release: &Release) {
        let path = |name: &str| format!("/{RELEASES}/{}/{name}", release.version);
        let documents = [
            (MANIFEST, Some(&release.manifest), "application/json"),
            (SIGNATURE, release.signature.as_ref(), "application/pgp-signature"),
        ];
        for (name, bytes, content_type) in documents {
            if let Some(bytes) = bytes {
                self.document(path(name), bytes.clone(), content_type);
                self.0.entry(path(name)).and_modify(|entry| entry.lasting = Lasting::Immutable);
            }
        }
        for (platform, program) in &release.programs {
            let what = What::Claude { version: release.version.clone(), platform: *platform };
            let (name, artifact) = (program.name.clone(), program.artifact.clone());
            let path = format!("/{}", binary_path(&release.version, *platform, &name));
            self.binary(path, Binary { artifact, name, what }, Lasting::Immutable);
        }
    }

    /// The prototype's paths: those of the served version, whichever it is.
    fn installers(&mut self, release: &Release) {
        for os in Os::ALL {
            let binary = |platform: &Platform| {
                let artifact = release.programs.get(platform)?.artifact.clone();
                let what = What::Claude { version: release.version.clone(), platform: *platform };
                Some((*platform, Binary { artifact, name: os.installer().to_owned(), what }))
            };
            let found: Vec<_> = os.platforms().iter().filter_map(binary).collect();
            let base = format!("/claude-code/install/{}", os.folder());
            if let Some((_, default)) = found.first() {
                self.binary(format!("{base}/{}", os.installer()), default.clone(), Lasting::Moving);
            }
            for (platform, binary) in found {
                self.binary(format!("{base}/{platform}/{}", os.installer()), binary, Lasting::Moving);
            }
        }
    }

    fn agent(&mut self, platform: Platform, artifact: &Arc<Artifact>) {
        let name = agent(platform).to_owned();
        let path = format!("/{AGENT}/{platform}/{name}");
        let sum = format!("{}  {name}\n", artifact.digest);
        self.document(format!("{path}.sha256"), sum.into(), PLAIN);
        let binary = Binary { artifact: artifact.clone(), name, what: What::Agent { platform } };
        self.binary(path, binary, Lasting::Moving);
    }

    fn document(&mut self, path: String, bytes: Bytes, content_type: &'static str) {
        let digest = Digest::of(&bytes);
        let content = Content::Document { bytes, content_type };
        self.0.insert(path, Entry { content, digest, lasting: Lasting::Moving });
    }

    fn binary(&mut self, path: String, binary: Binary, lasting: Lasting) {
        let digest = binary.artifact.digest;
        self.0.insert(path, Entry { content: Content::Binary(binary), digest, lasting });
    }
}
