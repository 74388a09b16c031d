"""Lists that people keep of units and of people: one a line, or a table as Excel saves it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tpi_dhis2.domain.uids import is_uid
from tpi_dhis2.errors import UsageError

_UNIT_COLUMNS = {"code", "unit", "id", "uid"}
_PEOPLE_COLUMNS = {"username", "group"}
_SAVE = "In Excel, save it as 'CSV UTF-8'."
#: Excel's own first line, which says what parts the columns.
_SEPARATOR = re.compile(r"sep=.\s*")


@dataclass(frozen=True)
class Named:
    """A unit as somebody names it (UID or code), and the line of the file that does."""

    name: str
    line: int = 0


@dataclass(frozen=True)
class Wish:
    """Somebody who is to be in a group, and the line of the file that says so."""

    username: str
    group: str
    line: int = 0


@dataclass(frozen=True)
class _Row:
    """A line of a file: its cells, and the line as one text."""

    line: int
    cells: list[str]
    text: str

    def under(self, head: list[str]) -> dict[str, str]:
        """The cells by column; none when there are more than columns, since nobody knows which is which."""
        return dict(zip(head, self.cells, strict=False)) if len(self.cells) <= len(head) else {}


def read_units(path: Path) -> list[Named]:
    """The units of a file: one a line, or those in the column ``code``, ``id``, ``uid`` or ``unit`` of a table."""
    rows = _rows(path)
    head = _head(rows[0])
    if _UNIT_COLUMNS & set(head):
        # A line without a usable name is named whole: it will be unknown, and so not be lost in silence.
        return [Named(_unit(row.under(head)) or row.text, row.line) for row in _below(path, rows)]
    if len(head) > 1:
        raise UsageError(
            f"{path}: the columns are {', '.join(head)}; none of them is code, id, uid or unit.",
            "Name the column of the units in the first line, or write one unit a line.",
        )
    return [Named(row.text, row.line) for row in rows]


def read_people(path: Path) -> list[Wish]:
    """The people of a table with the columns ``username`` and ``group``."""
    rows = _rows(path)
    head = _head(rows[0])
    if not set(head) >= _PEOPLE_COLUMNS:
        raise UsageError(
            f"{path}: the columns are {', '.join(head)}; username and group are wanted.",
            "Name the columns in the first line.",
        )
    return [_wish(row, row.under(head)) for row in _below(path, rows)]


def _wish(row: _Row, cells: dict[str, str]) -> Wish:
    return Wish(cells.get("username", "") if cells else row.text, cells.get("group", ""), row.line)


def _unit(cells: dict[str, str]) -> str:
    """A UID if there is one (Excel takes leading zeros off codes), else the code; an ``id`` may be a mere number."""
    uids = [cell for column in ("uid", "id") if is_uid(cell := cells.get(column, ""))]
    names = [cells.get(column, "") for column in ("code", "unit", "uid", "id")]
    return next(filter(None, [*uids, *names]), "")


def _head(row: _Row) -> list[str]:
    return [cell.lower() for cell in row.cells]


def _rows(path: Path) -> list[_Row]:
    """The lines that say something."""
    lines = [_without_remark(line) for line in io.StringIO(_text(path), newline="")]
    first = next((line for line in lines if line.strip()), "")
    parts = max(",;\t", key=first.count)
    try:
        rows = list(_read(lines, parts))
    except csv.Error as error:
        raise UsageError(f"{path} is no table: {error}.", "Look for a quotation mark that is not closed.") from error
    return rows or _empty(path)


def _below(path: Path, rows: list[_Row]) -> list[_Row]:
    """The rows below the head."""
    return rows[1:] or _empty(path)


def _empty(path: Path) -> NoReturn:
    raise UsageError(f"{path} is empty.", "Name units or people in it, or leave it out.")


def _without_remark(line: str) -> str:
    return "\n" if line.lstrip().startswith("#") or _SEPARATOR.fullmatch(line) else line


def _read(lines: list[str], parts: str) -> Iterator[_Row]:
    reader, line = csv.reader(lines, delimiter=parts, strict=True), 1
    for cells in reader:
        text = parts.join(cells).strip(parts + " ")
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield _Row(line, [cell.strip() for cell in cells], text)
        line = reader.line_num + 1


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Name a file that you may read.") from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: this is not UTF-8.", _SAVE) from error
    if "\0" in text:
        raise UsageError(f"{path} is no text.", _SAVE)
    return text
