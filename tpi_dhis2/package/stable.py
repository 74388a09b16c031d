"""What a release has promised: UIDs, codes, value types and the names of rule variables stay within a major version.

``metadata/releases/<version>.csv`` holds the promises of a version, one line an object: type, UID, code, and what else
must stay (the value type of a field, the name of a rule variable). An object that the package gives up stands in
``metadata/removed.csv`` with the reason, since an import never deletes what a bundle no longer has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from tpi_dhis2.atomic import write_text
from tpi_dhis2.errors import SourceError

RELEASES, REMOVED = "releases", "removed.csv"
_HEAD = ["type", "uid", "code", "stays"]
_REMOVED_HEAD = ["type", "uid", "since", "why"]
#: What must stay of an object besides its UID and code, by type.
_STAYS = {"dataElements": "valueType", "trackedEntityAttributes": "valueType", "programRuleVariables": "name"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Promise:
    """One object of a released version."""

    type: str
    uid: str
    code: str
    stays: str


def promises(bundle: Json) -> list[Promise]:
    """What a bundle promises, objects inside others included, in the order of the bundle."""
    found = ((kind, item) for kind, items in bundle.items() if isinstance(items, list) for item in items)
    return [promise for kind, item in found for promise in _of(kind, item)]


def _of(kind: str, item: Json) -> Iterator[Promise]:
    yield Promise(kind, item["id"], item.get("code", ""), str(item.get(_STAYS.get(kind, ""), "")))
    for inner, entries in item.items():
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and "id" in entry and len(entry) > 1:
                yield from _of(inner, entry)


def write_promises(metadata: Path, version: str, bundle: Json) -> Path:
    """Write the promises of a version beside the sources."""
    path = metadata / RELEASES / f"{version}.csv"
    path.parent.mkdir(exist_ok=True)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(astuple(promise) for promise in promises(bundle))
    write_text(path, lines.getvalue())
    return path


def broken(metadata: Path, version: str, bundle: Json) -> list[str]:
    """The promises of earlier versions that a bundle does not keep, one plain line each."""
    now = {promise.uid: promise for promise in promises(bundle)}
    given_up = {row["uid"] for row in _rows(metadata / REMOVED, _REMOVED_HEAD)}
    return [
        f"{old.type} {old.code or old.uid}: {finding} since version {path.stem}"
        for path in sorted((metadata / RELEASES).glob("*.csv"))
        if path.stem != version
        for old in (Promise(**row) for row in _rows(path, _HEAD))
        for finding in _breaks(old, now.get(old.uid), old.uid in given_up)
    ]


def _breaks(old: Promise, new: Promise | None, given_up: bool) -> Iterator[str]:
    if new is None:
        if not given_up:
            yield f"is gone (a removal needs a line in {REMOVED})"
        return
    if given_up:
        yield f"stands in {REMOVED} and is there all the same"
    if new.code != old.code:
        yield f"has another code ({new.code})"
    if new.stays != old.stays:
        yield f"was {old.stays} and is {new.stays}"


def _rows(path: Path, head: list[str]) -> list[dict[str, str]]:
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as a table", "Restore the file from its history.") from error
    if reader.fieldnames != head or any(set(row) != set(head) or None in row.values() for row in rows):
        raise SourceError(f"{path} is not a table of {', '.join(head)}", "Restore the file from its history.")
    return rows
