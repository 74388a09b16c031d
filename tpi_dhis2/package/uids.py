"""The pinned UIDs: one file that only grows, so that an object keeps its UID for ever.

``metadata/uids.csv`` has one line an object: type, code, UID. Objects without a code of their own (sections, stage
data elements) are known by the codes of what they join.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tpi_dhis2.atomic import write_text
from tpi_dhis2.domain.uids import derive_uid, is_uid
from tpi_dhis2.errors import SourceError

FILE = "uids.csv"
HEAD = ["type", "code", "uid"]


class Uids:
    """The pins; ``new`` holds those that were asked for and are not pinned yet."""

    def __init__(self, pins: dict[tuple[str, str], str]) -> None:
        self.pins = pins
        self.new: dict[tuple[str, str], str] = {}

    @classmethod
    def read(cls, metadata: Path) -> Uids:
        """The pins of a metadata folder; none when the file is not there yet."""
        path = metadata / FILE
        if not path.exists():
            return cls({})
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = [*csv.reader(file)] or [[]]
        bad = [row for row in rows if len(row) != len(HEAD) or not is_uid(row[-1])]
        pins = {(row[0], row[1]): row[2] for row in rows if row not in bad}
        if head != HEAD or bad or len(set(pins.values())) != len(rows):
            raise SourceError(
                f"{path} holds a line that is cut off or malformed, or an object or UID twice {bad[:1]}.",
                "Restore the file from its history.",
            )
        return cls(pins)

    def by_type(self) -> dict[str, list[str]]:
        """All UIDs that were ever pinned, by type."""
        found: dict[str, list[str]] = {}
        for (kind, _), uid in self.pins.items():
            found.setdefault(kind, []).append(uid)
        return found

    def __call__(self, kind: str, code: str) -> str:
        """The UID of an object; one that is not pinned yet gets one derived from type and code."""
        key = (kind, code)
        if key not in self.pins:
            self.pins[key] = self.new[key] = derive_uid("tpi-dhis2", kind, code)
        return self.pins[key]

    def pin(self, metadata: Path) -> int:
        """Append the new UIDs to the file; the number appended."""
        path = metadata / FILE
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        if not before:
            writer.writerow(HEAD)
        writer.writerows([kind, code, uid] for (kind, code), uid in self.new.items())
        write_text(path, before + ("" if before.endswith("\n") or not before else "\n") + lines.getvalue())
        count, self.new = len(self.new), {}
        return count
