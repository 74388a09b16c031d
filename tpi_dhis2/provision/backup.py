"""What an apply replaces and an uninstall removes is kept in a file before anything is sent."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from tpi_dhis2.atomic import write_text
from tpi_dhis2.errors import UsageError

Json = dict[str, Any]


def keep(folder: Path, name: str, server: str, objects: dict[str, list[Json]], done: str) -> Path:
    """Write objects of a server by type to ``<name>-<time>.json``; ``done`` says what is done to them.

    UsageError when the file cannot be written; then nothing must be sent.
    """
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{name}-{now}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"server": server, "taken": now, done: objects}, ensure_ascii=False, indent=1))
    except OSError as error:
        raise UsageError(
            f"The backup {path} cannot be written, so nothing was sent.",
            "Free space or name another folder.",
            str(error),
        ) from error
    return path
