"""Believable traffic for a sandbox: a few developers on a few machines, with subagents, pauses and mishaps.

Usage: load.py SUMMARY, where SUMMARY is a file with the line that `sallyportd sandbox --json` prints. Runs until it is
stopped. If SALLYPORT_TEST_CLAUDE names the real Claude Code, it works beside them.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

OPUS, SONNET = "us.anthropic.claude-opus-4-8", "us.anthropic.claude-sonnet-4-6"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
# The application of the simulated Entra.
APPLICATION = "5a11b047-0000-4000-8000-00000000c11e"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENTS = ["2.1.330 (external, cli)", "2.1.330 (external, claude-vscode)", "2.1.328 (external, sdk-ts)"]
MACHINES = [
    ("ada", "build-07", "linux", "x64"),
    ("grace", "mbp-research-3", "macos", "arm64"),
    ("ada", "ws-1482", "windows", "x64"),
    ("admin", "bastion-1", "linux", "arm64"),
    ("grace", "gpu-node-2", "linux", "x64"),
    ("ada", "mbp-1207", "macos", "arm64"),
    ("admin", "ws-0031", "windows", "x64"),
]
MISHAPS = ["sandbox.throttled", "sandbox.cut-after.9", "sandbox.exception-internal.5", "sandbox.unavailable"]
WORDS = "the parser keeps a window of bytes and hands each frame on as soon as its checksum is known".split()
CACHED = {"type": "ephemeral"}
SYSTEM = [{"type": "text", "text": "Keep changes small. " * 600, "cache_control": CACHED}]
PROMPTS = ["run: date", "delegate: run: sleep 2; date", "say: " + "one small step after the other " * 60]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url, body, headers=None, is_form=False):
    data = urllib.parse.urlencode(body) if is_form else json.dumps(body)
    kind = "application/x-www-form-urlencoded" if is_form else "application/json"
    request = urllib.request.Request(url, data.encode(), {"content-type": kind, **(headers or {})})
    return OPENER.open(request, timeout=120)


def sign_in(sandbox, user, host, system, arch):
    entra, application = f"{sandbox['entra']}/oauth2/v2.0", {"client_id": APPLICATION}
    asked = {**application, "scope": "openid profile", "login_hint": user}
    code = json.load(post(f"{entra}/devicecode", asked, is_form=True))["device_code"]
    asked = {**application, "grant_type": DEVICE_CODE, "device_code": code}
    id_token = json.load(post(f"{entra}/token", asked, is_form=True))["id_token"]
    device = {"hostname": host, "os": system, "arch": arch, "agent_version": "0.1.0"}
    body = {"id_token": id_token, "device_id": host, "device": device}
    return json.load(post(f"{sandbox['auth']}/auth/verify", body))["access_token"]


def ask(sandbox, token, model, words, headers):
    text = "say: " + " ".join(random.choices(WORDS, k=words))
    turn = {"role": "user", "content": [{"type": "text", "text": text, "cache_control": CACHED}]}
    body = {"max_tokens": 32000, "system": SYSTEM, "messages": [turn]}
    if model == SONNET:
        url, body = f"{sandbox['gateway']}/v1/messages", {**body, "model": model, "stream": True}
    else:
        url = f"{sandbox['gateway']}/model/{urllib.parse.quote(model, safe='')}/invoke-with-response-stream"
        body = {**body, "anthropic_version": "bedrock-2023-05-31"}
    try:
        with post(url, body, {"authorization": f"Bearer {token}", **headers}) as answer:
            while answer.read(4096):
                pass
    except (urllib.error.URLError, OSError, ValueError):
        time.sleep(1)


def develop(sandbox, token, client):
    """One developer: sessions of Claude Code, one after the other, with subagents now and then."""
    while True:
        headers = {"user-agent": f"claude-cli/{client}", "x-claude-code-session-id": str(uuid.uuid4())}
        for _ in range(random.randint(3, 12)):
            turn(sandbox, token, headers)
            time.sleep(random.expovariate(1 / 1.5))


def turn(sandbox, token, headers):
    agents = []
    for _ in range(random.choice([0, 0, 0, 1, 2, 3])):
        own = {**headers, "x-claude-code-agent-id": uuid.uuid4().hex[:16]}
        agents.append(threading.Thread(target=ask, args=(sandbox, token, HAIKU, random.randint(80, 300), own)))
    model = random.choice(MISHAPS) if random.random() < 0.02 else random.choice([OPUS, OPUS, SONNET])
    for agent in agents:
        agent.start()
    ask(sandbox, token, model, int(random.lognormvariate(4.8, 0.8)), headers)
    for agent in agents:
        agent.join()


def claude(sandbox, program):
    """The real client, again and again, with a home of its own."""
    bedrock = {"CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1"}
    bedrock |= {"ANTHROPIC_BEDROCK_BASE_URL": sandbox["gateway"], "AWS_REGION": "us-east-1"}
    bedrock |= {"ANTHROPIC_AUTH_TOKEN": "", "AWS_BEARER_TOKEN_BEDROCK": "", "NO_PROXY": "127.0.0.1"}
    bedrock |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_UPDATES": "1"}
    settings = {"apiKeyHelper": sandbox["token_helper"], "skipWebFetchPreflight": True, "env": bedrock}
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ["PATH"]}
        while True:
            command = [program, "--settings", json.dumps(settings), "--model", OPUS, "--allowedTools", "Bash"]
            command += ["-p", random.choice(PROMPTS)]
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
            subprocess.run(command, env=environment, cwd=home, timeout=120, check=False, **quiet)
            time.sleep(10)


def main():
    with open(sys.argv[1], encoding="utf-8") as summary:
        sandbox = json.load(summary)
    for machine in MACHINES:
        token = sign_in(sandbox, *machine)
        for _ in range(random.choice([1, 2])):
            developer = (sandbox, token, random.choice(CLIENTS))
            threading.Thread(target=develop, args=developer, daemon=True).start()
    if program := os.environ.get("SALLYPORT_TEST_CLAUDE"):
        threading.Thread(target=claude, args=(sandbox, program), daemon=True).start()
    threading.Event().wait()


main()
