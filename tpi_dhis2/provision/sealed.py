"""Files that must come back as they were written: a checksum tells damage and edits by hand.

A seal is no signature: it keeps accidents out, not somebody who means to cheat.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tpi_dhis2.atomic import write_text
from tpi_dhis2.errors import UsageError

Json = dict[str, Any]

FORMAT = 1


def checksum(content: Json) -> str:
    """What a content must amount to, however its file is laid out."""
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def write_sealed(path: Path, kind: str, content: Json) -> str:
    """Write a content that only its owner may read, and give its checksum; OSError leaves nothing behind."""
    whole = {"kind": kind, "format": FORMAT, **content}
    seal = checksum(whole)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps({**whole, "checksum": seal}, ensure_ascii=False, indent=1) + "\n", private=True)
    return seal


def read_sealed(path: Path, kind: str, advice: str) -> Json:
    """The content of a sealed file, its checksum included; UsageError for one that is not as it was written."""
    what = f"the {kind} {path}"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{what[0].upper()}{what[1:]} cannot be read.", advice, str(error)) from error
    except ValueError as error:
        raise UsageError(f"{what[0].upper()}{what[1:]} is damaged: it is no JSON.", advice, str(error)) from error
    if not isinstance(found, dict) or found.get("kind") != kind:
        raise UsageError(f"{path} is no {kind} of tpi-dhis2.", advice)
    if found.get("format") != FORMAT:
        raise UsageError(f"{what[0].upper()}{what[1:]} was written by another version of tpi-dhis2.", advice)
    if checksum({key: value for key, value in found.items() if key != "checksum"}) != found.get("checksum"):
        raise UsageError(f"{what[0].upper()}{what[1:]} is damaged or was edited by hand; nothing was sent.", advice)
    return found
