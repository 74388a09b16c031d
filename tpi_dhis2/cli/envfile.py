"""The environment file of a scheduled run: NAME=value lines that are read as text and never run by a shell.

What stands behind the first equals sign is the value, with its #, $, spaces and quotation marks; one pair of quotation
marks around all of it is taken off. No message repeats a value, nor a line that is no setting: either may be a secret.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from tpi_dhis2.errors import UsageError

PREFIX = "TPI_DHIS2_"
_NAMES = {f"{PREFIX}{name}" for name in ("URL", "USERNAME", "PASSWORD", "TOKEN", "STORE")}
#: What the libraries inside read: proxies, and where a server's own certificate authority is.
_NAMES |= {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"}
_SECRETS = {f"{PREFIX}PASSWORD", f"{PREFIX}TOKEN"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_IN_ADDRESS = re.compile(r"://[^/@\s]*?:([^@\s]+)@")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")


def read_settings(path: Path) -> dict[str, str]:
    """The settings of a file; UsageError names the line that is none. An empty value is no setting."""
    found: dict[str, str] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, value = _setting(f"{path}, line {number}", text)
        if name in found:
            raise UsageError(f"{path}, line {number}: {name} is set a second time.", "Keep one of the lines.")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def _setting(place: str, text: str) -> tuple[str, str]:
    match = _LINE.fullmatch(text)
    # A name of somebody else's is not repeated: half of a token looks like one.
    name = match[1] if match and match[1].startswith(PREFIX) else "this"
    if not match or _CONTROL.search(text):
        raise UsageError(f"{place}: this is no setting.", f"Write {PREFIX}URL=https://dhis2.example.org")
    if match[1] not in _NAMES:
        raise UsageError(f"{place}: {name} is no setting of tpi-dhis2.", f"Known: {', '.join(sorted(_NAMES))}.")
    return match[1], _unquoted(match[2].strip())


def _unquoted(value: str) -> str:
    wrapped = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if wrapped else value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Check its name and who may read it.") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8.", "Save it as UTF-8 text.") from None


def warning(path: Path) -> str:
    """What is to be said of a file that everybody on the machine may read or change; nothing of another."""
    if os.name != "posix" or not path.stat().st_mode & 0o007:
        return ""
    return f"Warning: everybody on this machine can open {path}, which may hold secrets; run chmod 600 on it."


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment with these settings: no other of tpi-dhis2 counts, lest a stray token decide who connects."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return rest | settings


def secrets(settings: dict[str, str], words: Sequence[str]) -> list[str]:
    """What nobody may see, longest first: password, token, and passwords inside of addresses; also as JSON has them."""
    found = {value for name, value in settings.items() if name in _SECRETS}
    found |= {password for text in (*settings.values(), *words) for password in _IN_ADDRESS.findall(text)}
    found |= {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in found}
    return sorted(found, key=len, reverse=True)
