# `just` alone lists the recipes. Everything works without it, too.

[private]
default:
    @just --list

# The whole system on loopback, with a simulated Entra and Bedrock.
sandbox *ARGS:
    cargo run --release --bin sallyportd -- sandbox {{ ARGS }}

# Format, lints, tests: what to run before a commit.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace

# What runs on every change, with the real client and the SDKs.
ci:
    .ci/run

# Tools to build the agent for Windows, macOS, musl and ARM (Debian, as root), into target/cross.
cross-setup *TARGETS:
    .ci/cross-setup {{ TARGETS }}

# Builds, lints and tests the agent for those systems (windows, macos, arm, musl): in Wine and QEMU, where there is one.
cross *SYSTEMS:
    .ci/cross {{ SYSTEMS }}

# The released agent for every platform, into install_artifacts/agent, where the install server finds it.
agent-dist *PLATFORMS:
    packaging/agent-dist {{ PLATFORMS }}

# The packages for amd64 and arm64 in target/packages, checked; `dev` is quicker (Debian: rpm, lintian, rpmlint).
packages *PROFILE:
    .ci/packages {{ PROFILE }}

# `--steered` compares the gateway with itself under limits and revocations, `--beside BINARY` with another build.
# Requests, latency, CPU and memory of the gateway beside nginx (Debian: nginx-light).
bench *ARGS:
    cargo bench -p sallyportd --bench gateway -- {{ ARGS }}

# Downloads beside nginx, in the clear and over TLS: throughput, CPU and memory.
bench-download *ARGS:
    cargo bench -p sallyportd --bench download -- {{ ARGS }}

# Frames, start, memory and CPU of the console with 10,000 sessions and 500 events a second.
bench-console *ARGS:
    cargo bench -p sallyport --bench console -- {{ ARGS }}

# The README's picture: the console on a sandbox with five minutes of traffic (Debian: xvfb, xterm, imagemagick).
screenshot:
    .ci/screenshot

# `get-token` with a fresh token beside a C program and a helper in Python: time, memory, size of the program.
bench-agent:
    cargo bench --profile dev -p claude-agent --bench get_token

# The container image as the Dockerfile builds it, without Docker (Debian, as root).
image *PROFILE:
    .ci/image {{ PROFILE }}

# Licences, bans and sources of the dependencies (cargo install cargo-deny).
deny:
    cargo deny check licenses bans sources
