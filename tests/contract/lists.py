"""The lists beside this file, each line with a reason: what is not replayed, what differs, what is not compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tests.contract.recordings import VERSIONS

HERE = Path(__file__).resolve().parent
#: What a line names (``*`` stands for any text), the versions it holds for (none: all), and why.
LINE = re.compile(r"(?P<pattern>\S+)(\s+\[(?P<versions>[\d., ]+)\])?\s+(?P<reason>\S.*)")


@dataclass(frozen=True)
class Line:
    """One line of a list."""

    pattern: str
    versions: frozenset[str]
    reason: str

    def holds(self, name: str, version: str) -> bool:
        """Say whether the line is about this."""
        return version in self.versions and fnmatchcase(name, self.pattern)


def read(name: str) -> list[Line]:
    """Read a list: ``pattern [versions]  reason`` on each line; ValueError for a line without a reason."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [_line(text) for text in lines if text.strip() and not text.startswith("#")]


def _line(text: str) -> Line:
    match = LINE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"No pattern and reason: {text}")
    versions = re.findall(r"[\d.]+", match["versions"] or "") or VERSIONS
    return Line(match["pattern"], frozenset(versions), match["reason"])


def line_for(lines: Iterable[Line], name: str, version: str) -> Line | None:
    """Return the first line that is about this, or None."""
    return next((line for line in lines if line.holds(name, version)), None)
