#!/usr/bin/env python3
"""Follows a guide to the letter: runs what its `console` blocks type, and compares what they show.

    guide.py FILE [HEADING]      with a heading, only what stands under it; exits 1 at the first thing that is not so

A line that begins with `# ` or `$ ` is typed, with what follows a `\\` at its end. The lines after it are what it shows: `…` stands
for anything in a line, alone for any lines. Where nothing is shown, nothing is compared. Every command must succeed.
"""
import pathlib, re, subprocess, sys


def blocks(text, heading):
    """The `console` blocks under a heading, or all of them."""
    here, block = heading is None, None
    for line in text.splitlines():
        if block is None and line.startswith("#"):
            here = heading is None or line.lstrip("# ") == heading
        elif block is None and line == "```console":
            block = []
        elif block is not None and line == "```":
            if here:
                yield block
            block = None
        elif block is not None:
            block.append(line)


def steps(block):
    """Pairs of a command and the lines that it shows."""
    command, shown = None, []
    for line in block:
        if command is not None and command.endswith("\\"):
            command += "\n" + line
        elif line.startswith(("# ", "$ ")):
            if command is not None:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command is not None:
        yield command, shown


def pattern(shown):
    lines = [r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in shown]
    return re.compile("".join(lines))


def follow(block):
    folder = "/root"
    for command, shown in steps(block):
        print(f"# {command}", flush=True)
        script = f"cd {folder} && {{ {command}\n}} && pwd >/tmp/guide-folder"
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"FAILED with {done.returncode}: {done.stdout}")
        if shown and not pattern(shown).fullmatch(done.stdout.rstrip("\n") + "\n"):
            sys.exit(f"FAILED: it shows {done.stdout}")
        folder = pathlib.Path("/tmp/guide-folder").read_text().strip()


path, heading = sys.argv[1], (sys.argv[2:] or [None])[0]
found = list(blocks(pathlib.Path(path).read_text(), heading))
if not found:
    sys.exit(f"{path} has nothing to follow under {heading}")
for block in found:
    follow(block)
