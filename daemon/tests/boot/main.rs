//! The daemon and the packages under a real systemd, which `.ci/boot` boots in a container. Scripts beside this file say what happens there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod symptom;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sallyportd::sandbox::bedrock::Options;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What the units need, where a package would put it.
const FILES: [(&str, &str); 6] = [
    ("systemd/sallyportd.service", "/usr/lib/systemd/system/sallyportd.service"),
    ("systemd/sallyportd.socket", "/usr/lib/systemd/system/sallyportd.socket"),
    ("systemd/sallyport.sysusers", "/usr/lib/sysusers.d/sallyport.conf"),
    ("systemd/sallyport.tmpfiles", "/usr/lib/tmpfiles.d/sallyport.conf"),
    ("daemon/tests/boot/house.sh", "/root/house.sh"),
    ("daemon/tests/boot/load.py", "/root/load.py"),
];
const PACKAGES: [&str; 10] = [
    "ca-certificates",
    "curl",
    "iproute2",
    "jq",
    "nginx-light",
    "openssl",
    "procps",
    "python3",
    "rpm",
    "sqlite3",
];

fn boot(script: &str, copies: &[(PathBuf, &str)]) -> Output {
    let root = root();
    let mut command = Command::new(root.join(".ci/boot"));
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    for (from, to) in copies {
        command.args(["--copy".to_owned(), format!("{}:{to}", from.display())]);
    }
    command.arg(root.join("daemon/tests/boot").join(script));
    command.arg(Options::default().credentials.secret_access_key.expose());
    command.output().unwrap()
}

fn assert_passed(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

#[test]
#[ignore = "boots a real systemd, as root"]
fn a_restart_is_not_noticed_and_no_death_lasts() {
    let mut copies: Vec<_> = FILES.iter().map(|(from, to)| (root().join(from), *to)).collect();
    let daemon = PathBuf::from(env!("CARGO_BIN_EXE_sallyportd"));
    // The console is built beside the daemon.
    copies.push((daemon.with_file_name("sallyport"), "/usr/bin/sallyport"));
    copies.push((daemon, "/usr/bin/sallyportd"));
    assert_passed(&boot("service.sh", &copies));
}

/// A package that `packaging/build` has made of this version.
fn package(name: &str) -> PathBuf {
    root().join("target/packages").join(name.replace("VERSION", env!("CARGO_PKG_VERSION")))
}

/// The same Debian package, of a later version and changed by a command that runs in its tree.
fn changed(package: &Path, later: &str, change: &str, at: &Path) {
    let script = r#"dpkg-deb -R "$0" "$3.tree" && cd "$3.tree" && sed -i "s/^Version: .*/&.$1/" DEBIAN/control &&
        sh -c "$2" && dpkg-deb -Zgzip -z1 -b . "$3""#;
    let made = Command::new("sh").args(["-c", script]).arg(package).args([later, change]).arg(at).output();
    assert_passed(&made.unwrap());
}

fn house() -> Vec<(PathBuf, &'static str)> {
    FILES.iter().skip(4).map(|(from, to)| (root().join(from), *to)).collect()
}

#[test]
#[ignore = "boots a real systemd, as root, with what `packaging/build` has built"]
fn a_package_loses_nothing_until_it_is_purged() {
    let folder = tempfile::tempdir().unwrap();
    let package = package("sallyport_VERSION-1_amd64.deb");
    let newer = folder.path().join("newer.deb");
    changed(&package, "1", "true", &newer);
    let other = folder.path().join("other-sockets.deb");
    let change = "sed -i s/SocketMode=0660/SocketMode=0600/ usr/lib/systemd/system/sallyportd.socket";
    changed(&package, "2", change, &other);
    let mut copies = house();
    copies.extend([
        (package, "/root/sallyport.deb"),
        (newer, "/root/newer.deb"),
        (other, "/root/other-sockets.deb"),
    ]);
    assert_passed(&boot("package.sh", &copies));
}

#[test]
#[ignore = "boots a real systemd, as root, with what `packaging/build` has built"]
fn an_rpm_never_takes_away_what_cannot_be_had_again() {
    let mut copies = house();
    copies.push((package("sallyport-VERSION-1.x86_64.rpm"), "/root/sallyport.rpm"));
    assert_passed(&boot("rpm.sh", &copies));
}

/// Boots a bare system with the package and the guides.
fn assert_is_true(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let package = package("sallyport_VERSION-1_amd64.deb");
    let newer = folder.path().join("newer.deb");
    changed(&package, "1", "true", &newer);
    let mut copies = house();
    copies.extend([(package, "/root/sallyport.deb"), (newer, "/root/newer.deb")]);
    copies.push((root().join("daemon/tests/boot/guide.py"), "/root/guide.py"));
    copies.push((root().join("docs"), "/root/docs"));
    assert_passed(&boot(script, &copies));
}

#[test]
#[ignore = "boots a real systemd, as root, with what `packaging/build` has built"]
fn every_guide_can_be_followed_to_the_letter() {
    assert_is_true("guide.sh");
}

#[test]
#[ignore = "boots a real systemd, as root, with what `packaging/build` has built"]
fn a_symptom_looks_as_the_guide_says_and_its_advice_helps() {
    assert_is_true("symptom.sh");
}

#[test]
#[ignore = "boots a real systemd, as root, with what `packaging/build` has built"]
fn the_agents_package_sets_a_machine_up_and_puts_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let deb = package("claude-agent_VERSION-1_amd64.deb");
    let newer = folder.path().join("newer.deb");
    changed(&deb, "1", "true", &newer);
    let mut copies = house();
    copies.extend([
        (deb, "/root/claude-agent.deb"),
        (newer, "/root/newer-agent.deb"),
        (package("claude-agent-VERSION-1.x86_64.rpm"), "/root/claude-agent.rpm"),
    ]);
    assert_passed(&boot("agent.sh", &copies));
}

#[test]
#[ignore = "needs systemd-analyze"]
fn the_units_are_right_and_tight() {
    let root = root().join("systemd");
    let units =
        ["sallyportd.service", "sallyportd.socket", "sallyport-mirror.service", "sallyport-mirror.timer"];
    // Programs and manual pages are looked for where a package puts them: not on this machine.
    let folder = tempfile::tempdir().unwrap();
    for unit in units {
        let text = std::fs::read_to_string(root.join(unit)).unwrap();
        let text =
            text.replace("/usr/bin/sallyportd", "/bin/true").replace("/usr/bin/sallyport", "/bin/true");
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("Documentation=")).collect();
        let text = lines.join("\n");
        std::fs::write(folder.path().join(unit), text).unwrap();
    }
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .args(units.map(|unit| folder.path().join(unit)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && said.is_empty() && verified.stdout.is_empty(), "{said}");
    for unit in ["sallyportd.service", "sallyport-mirror.service"] {
        let rated = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=15", "--no-pager"])
            .arg(root.join(unit))
            .output()
            .unwrap();
        assert!(rated.status.success(), "{unit}: {}", String::from_utf8_lossy(&rated.stdout));
    }
}
