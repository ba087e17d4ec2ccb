#!/usr/bin/env python3
"""Requests and streams against a gateway, for as long as a command runs. Nothing is tried twice: what fails, failed.

    load.py GATEWAY TOKEN -- COMMAND…      prints what was answered, exits 1 if anything failed
"""
import http.client, json, subprocess, sys, threading, time, urllib.parse

GATEWAY, TOKEN = sys.argv[1], sys.argv[2]
COMMAND = sys.argv[4:]
HOST = urllib.parse.urlparse(GATEWAY).netloc
RATE, THREADS, STREAMS = 200, 20, 5
counts, failures, lock = {}, [], threading.Lock()
over = threading.Event()


def ask(connection, model, stream):
    body = {"model": model, "max_tokens": 64, "stream": stream, "messages": [{"role": "user", "content": "say: " + "word " * 40}]}
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    connection.request("POST", "/v1/messages", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    whole = "message_stop" in text if stream else "word" in text
    if answer.status != 200 or not whole:
        raise RuntimeError(f"{answer.status}: {text[-300:]}")


def note(kind, began, error=None):
    with lock:
        counts[kind] = counts.get(kind, 0) + 1
        slow = time.time() - began
        counts[f"slowest {kind}"] = max(counts.get(f"slowest {kind}", 0), round(slow, 2))
        if error:
            failures.append(f"{kind} after {slow:.2f} s: {error!r}")


def loop(kind, model, stream, keep, pause):
    connection = None
    while not over.is_set():
        began = time.time()
        try:
            connection = connection or http.client.HTTPConnection(HOST, timeout=60)
            ask(connection, model, stream)
            note(kind, began)
        except Exception as error:
            note(kind, began, error)
            connection = None
        if not keep and connection:
            connection.close()
            connection = None
        over.wait(max(0, pause - (time.time() - began)))


threads = []
for n in range(THREADS):
    keep = n % 2 == 0
    kind = "request on a kept connection" if keep else "request on a new connection"
    threads.append(threading.Thread(target=loop, args=(kind, "anthropic.claude-opus-4-8", False, keep, THREADS / RATE)))
for _ in range(STREAMS):
    threads.append(threading.Thread(target=loop, args=("stream", "sandbox.slow.60", True, True, 0)))
for thread in threads:
    thread.start()
time.sleep(2)
ended = subprocess.run(COMMAND).returncode
time.sleep(2)
over.set()
for thread in threads:
    thread.join()
print(json.dumps(counts, indent=1, sort_keys=True))
print("\n".join(failures[:10]) or "nothing failed")
sys.exit(bool(failures) or ended)
