"""Checks property lists of launchd: launchd.py FILE...

They must be well-formed, consist of the elements that the format has, and hold nothing but the keys of launchd.plist(5)
that are meant, each with its type.
"""

import pathlib
import plistlib
import sys
import xml.etree.ElementTree

ELEMENTS = {"plist", "dict", "array", "key", "string", "integer", "true", "false"}
KINDS = {"Background", "Standard", "Adaptive", "Interactive"}


def is_command(value):
    return type(value) is list and all(type(word) is str for word in value) and value[0].startswith("/")


def is_seconds(value):
    return type(value) is int and value > 0


KEYS = {
    "Label": lambda value: type(value) is str,
    "ProgramArguments": is_command,
    "StartInterval": is_seconds,
    "RunAtLoad": lambda value: type(value) is bool,
    "ProcessType": lambda value: value in KINDS,
    "Umask": lambda value: type(value) is int and 0 <= value <= 0o777,
}


def check(path):
    elements = {element.tag for element in xml.etree.ElementTree.parse(path).iter()}
    if elements - ELEMENTS:
        sys.exit(f"{path}: no property list has {elements - ELEMENTS}")
    values = plistlib.loads(path.read_bytes(), fmt=plistlib.FMT_XML)
    for key, value in values.items():
        if key not in KEYS or not KEYS[key](value):
            sys.exit(f"{path}: `{key}` is not to be {value!r}")
    if not {"Label", "ProgramArguments"} <= values.keys() or not {"StartInterval", "RunAtLoad"} & values.keys():
        sys.exit(f"{path}: it would never run")
    if values["Label"] != path.stem:
        sys.exit(f"{path}: the Label is not the file's name, {values['Label']}")


for name in sys.argv[1:]:
    check(pathlib.Path(name))
