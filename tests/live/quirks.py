"""The table of docs/quirks.md: what servers do that is worked around, and what of it may explain a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpi_dhis2.sync.explain import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "quirks.md"
_ROW = re.compile(r"^\|(?P<cells>.*)\|$", re.MULTILINE)
_CODE = re.compile(r"\bE\d{4}\b")
_SPAN = re.compile(r"`([^`]+)`")
_VERSION = re.compile(r"\b2\.\d+\b")


@dataclass(frozen=True)
class Quirk:
    """One row: what servers of which versions do, where it is worked around, what shows it, what goes with it."""

    does: str
    versions: tuple[str, ...]
    places: tuple[str, ...]
    tests: tuple[str, ...]
    delete: str

    @property
    def codes(self) -> set[str]:
        """The codes of errors that it names."""
        return codes_in(self.does)


def codes_in(text: str) -> set[str]:
    """The codes of DHIS2's errors in a text."""
    return set(_CODE.findall(text))


def quirks(text: str | None = None) -> list[Quirk]:
    """The rows of the table."""
    rows = [_cells(match["cells"]) for match in _ROW.finditer(PAGE.read_text("utf-8") if text is None else text)]
    body = [cells for cells in rows[1:] if not set("".join(cells)) <= set("-: ")]
    return [_quirk(*cells) for cells in body]


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)]


def _quirk(does: str, versions: str, places: str, tests: str, delete: str) -> Quirk:
    spans = (tuple(_SPAN.findall(cell)) for cell in (places, tests))
    return Quirk(does, tuple(_VERSION.findall(versions)), *spans, delete)


def hints(text: str, version: str) -> Iterator[str]:
    """What is known of the codes in a failure, on a server of this version."""
    found = codes_in(text)
    yield from (f"{code}: {WORDS[code]}" for code in sorted(found & WORDS.keys()))
    for quirk in quirks():
        if quirk.codes & found and version in quirk.versions:
            yield f"known of {version} (docs/quirks.md): {quirk.does}"
