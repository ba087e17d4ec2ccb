"""What a helper in Python does at least: the imports of one that can refresh, the file, the token."""
import http.client, json, os, pathlib, ssl, sys, time, urllib.request  # noqa: E401, F401

token = json.loads((pathlib.Path(os.environ["HOME"]) / ".claude" / "token.json").read_text())
if token["expires_at"] > time.time() + 300:
    print(token["access_token"])
