//! Runs a test again in namespaces of its own.

use std::{
    env,
    process::{Command, Stdio},
};

/// Set for the inner run.
const INSIDE: &str = "SALLYPORT_TEST_ISOLATED";

/// Loopback is all the network there is, and what is written to `/etc` and `/usr/local` is written to memory.
const PREPARE: &str = "set -e
ip link set lo up
mount -t tmpfs tmpfs /mnt
for folder in etc usr/local; do
  mkdir -p /mnt/$folder/upper /mnt/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work /$folder
done
exec \"$@\"";

/// Runs `test`, whose path is `path`, in isolation.
pub fn run<Test>(path: &str, test: impl FnOnce() -> Test)
where
    Test: Future<Output = ()>,
{
    if env::var_os(INSIDE).is_some() {
        tokio::runtime::Runtime::new().unwrap().block_on(test());
        return;
    }
    let (_, name) = path.split_once("::").unwrap();
    let mut unshare = Command::new("unshare");
    if !is_root() {
        unshare.arg("--map-root-user");
    }
    let inner = unshare
        .args(["--net", "--mount", "--", "sh", "-c", PREPARE, "sh"])
        .arg(env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .expect("`unshare` (util-linux) is needed");
    let said = String::from_utf8_lossy(&inner.stdout) + String::from_utf8_lossy(&inner.stderr);
    assert!(inner.status.success() && said.contains("1 passed"), "{said}");
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("`id` is needed");
    id.stdout.trim_ascii() == b"0"
}
