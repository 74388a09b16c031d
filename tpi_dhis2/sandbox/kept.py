"""The file that keeps a sandbox's data between runs: a line with all of it, then a line for each request with a change.

So a request costs what it changed, and not what there is. A line is written before the request is answered: who kills
the sandbox loses nothing that was answered, and a line that was cut off is of a request that was not. (A machine whose
power fails may lose the last seconds.) The first line is written beside the file and put in its place.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tpi_dhis2.sandbox.web import Json

#: Bytes of changes, beyond the size of the first line, after which all is written anew.
SPARE = 16 * 2**20
HEAD_BYTES = 40
_HEAD = re.compile(rb'\{"version": (\d+),')
#: Of one run only: what jobs have said.
PASSING = "jobs"
#: A table and a key, and with them what stands there now unless it is gone.
Change = list[Any]


def write_all(file: Path, minor: int, tables: dict[str, Json]) -> None:
    """Write a file of one line."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(json.dumps({"version": minor, "tables": tables}) + "\n", encoding="utf-8")
    os.replace(beside, file)  # noqa: PTH105 (said so in the interface: an atomic replace)


def version_of(file: Path) -> str | None:
    """Return the version whose data a file seems to hold, by its first bytes; None where there is no such file."""
    if not file.exists():
        return None
    with file.open("rb") as opened:
        found = _HEAD.match(opened.read(HEAD_BYTES))
    return f"2.{int(found[1])}" if found else None


def read_all(file: Path) -> tuple[int, dict[str, Json]]:
    """Return the minor version and the tables of a file; ValueError when it is damaged or something else."""
    first, *more = file.read_bytes().split(b"\n")
    kept = _json(first, 1)
    if not _is_whole(kept):
        raise ValueError("it holds no data of a sandbox")
    # What follows the last line break is nothing, or a line that was cut off.
    for number, line in enumerate(more[:-1], 2):
        try:
            _put(kept["tables"], _json(line, number))
        except (TypeError, ValueError) as error:
            raise _damaged(number) from error
    return kept["version"], kept["tables"]


def _is_whole(kept: Any) -> bool:
    tables = kept.get("tables") if isinstance(kept, dict) else None
    is_filled = isinstance(tables, dict) and all(isinstance(rows, dict) for rows in tables.values())
    return is_filled and isinstance(kept.get("version"), int)


def _json(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise _damaged(number) from error


def _damaged(number: int) -> ValueError:
    return ValueError(f"its line {number} is damaged")


def _put(tables: dict[str, Json], changes: list[Change]) -> None:
    for change in changes:
        table, key = change[:2]
        rows = tables.setdefault(table, {})
        if change[2:]:
            rows[key] = change[2]
        else:
            rows.pop(key, None)


class Kept:
    """A sandbox's file while it is served."""

    def __init__(self, file: Path):
        self.file = file
        self._left = 0

    def save(self, minor: int, tables: dict[str, Json]) -> None:
        """Write all of it."""
        self._left = 0
        write_all(self.file, minor, tables)
        self._left = self.file.stat().st_size + SPARE

    def add(self, changes: Iterable[Change], minor: int, tables: dict[str, Json]) -> None:
        """Write what a request has changed; all of it when many have, or when a line could not be written whole."""
        if self._left <= 0:
            self.save(minor, tables)
            return
        lasting = [change for change in changes if change[0] != PASSING]
        if lasting:
            self._append(json.dumps(lasting).encode() + b"\n")

    def _append(self, line: bytes) -> None:
        left, self._left = self._left - len(line), 0
        with self.file.open("ab") as out:
            out.write(line)
        self._left = left
