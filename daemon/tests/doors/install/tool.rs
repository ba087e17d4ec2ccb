//! Downloads of the real binary by the tools that people have: curl and aria2c.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use shared::{
    platform::Platform,
    release::{Digest, Hasher},
};
use tokio::process::Command;

use super::{
    RUN,
    mirror::{Mirror, binary},
    world::World,
};

/// The real binary behind a server, and its digest.
async fn real() -> (World, Digest, u64) {
    let path = std::env::var("SALLYPORT_TEST_CLAUDE").expect("SALLYPORT_TEST_CLAUDE");
    let bytes = fs::read(path).unwrap();
    let mirror = Mirror::new();
    mirror.release("2.1.209", &[(Platform::LinuxX64, &bytes)]);
    mirror.serve("2.1.209");
    (World::of(mirror).await, Digest::of(&bytes), bytes.len() as u64)
}

fn digest(path: &Path) -> Digest {
    let mut hasher = Hasher::default();
    let mut file = File::open(path).unwrap();
    let mut piece = vec![0; 1 << 20];
    loop {
        match io::Read::read(&mut file, &mut piece).unwrap() {
            0 => return hasher.digest(),
            read => hasher.update(&piece[..read]),
        }
    }
}

async fn succeed(command: &mut Command) {
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs SALLYPORT_TEST_CLAUDE, the path of the real client, curl and aria2c"]
async fn the_real_binary_arrives_by_curl_and_by_aria2c() {
    let (world, wanted, size) = real().await;
    let folder = tempfile::tempdir().unwrap();
    let (half, url) = (folder.path().join("half"), format!("{}{RUN}", world.url()));
    let curl = || {
        let mut curl = Command::new("curl");
        curl.args(["--fail", "--silent", "--show-error", "--noproxy", "*", "--output"]).arg(&half);
        curl
    };
    // A download that breaks at half of it.
    succeed(curl().arg("--range").arg(format!("0-{}", size / 2)).arg(&url)).await;
    assert_eq!(fs::metadata(&half).unwrap().len(), size / 2 + 1);
    succeed(curl().args(["--continue-at", "-"]).arg(&url)).await;
    assert_eq!(digest(&half), wanted);
    let mut aria = Command::new("aria2c");
    aria.args(["-q", "-x8", "-s8", "-k1M", "--no-proxy=*", "-o", "aria"]).arg("-d").arg(folder.path());
    aria.arg(format!("--checksum=sha-256={wanted}"));
    succeed(aria.arg(format!("{}/{}", world.url(), binary("2.1.209", Platform::LinuxX64)))).await;
    assert_eq!(digest(&folder.path().join("aria")), wanted);
}
