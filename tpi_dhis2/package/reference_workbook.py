"""The reference as files: an Excel workbook to search and filter, and a page to read and print.

Both are the same bytes every time, so that two releases can be compared.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tpi_dhis2.atomic import write_bytes
from tpi_dhis2.errors import SourceError, UsageError
from tpi_dhis2.package.base import read
from tpi_dhis2.package.reference import Reference, Table, build
from tpi_dhis2.package.reference_view import Row
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load
from tpi_dhis2.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: A day that says nothing: a workbook must have one, and it must not change its bytes.
_CREATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
#: Widths in characters, narrow enough that the fields can still be read when they are printed on A4.
_WIDTHS = {
    "Step": 7, "Stage": 17, "What one event is": 40, "Repeats": 13, "Date label": 18, "Number of fields": 10,
    "Section": 14, "Why it is asked": 22, "Label": 25, "Help": 20, "What is answered": 17,
    "Mandatory when completed": 12, "Mandatory": 12, "Column in lists": 10, "Can be searched for": 12,
    "Must be unique": 10, "Calculated": 12, "Option set": 16, "Order": 8, "Code": 23, "UID": 13,
    "Group": 20, "Kind of object": 40, "Members may": 26, "Type": 20, "Name": 40, "Part of": 30,
    "Indicator": 28, "What it tells": 40, "How": 28, "Only where": 40, "For": 14, "Time": 20, "Numerator": 34,
    "Denominator": 34, "Times": 7, "From": 8, "To": 8, "Colour": 10, "Note": 30, "What": 20, "Kind": 14,
    "What it shows": 40, "Made of": 40, "Dashboards": 20, "Dashboard": 20, "Item": 60, "Working list": 26, "Of": 20,
    "Message": 28, "When": 24, "To whom": 18, "Subject": 28, "Words": 44, "Role": 20, "What it is for": 36,
    "Authority": 30, "Rule": 30, "Effect": 24, "Condition": 50, "Value": 26,
}  # fmt: skip
_OTHER_WIDTH = 21
_SHEETS = "Sheets"
_READ_ME_WIDTHS = (36, 96)
#: How a text of 10 points fills a column: characters for its width, points for its lines; Excel takes no higher row.
_FILL, _LINE_HEIGHT, _PADDING, _MOST_HEIGHT = 1.12, 13, 3, 409
_TEXT = {"text_wrap": True, "valign": "top", "align": "left", "font_size": 10, "border": 1, "border_color": "#C9D3D0"}
_FORMATS = {
    "title": {"bold": True, "font_size": 16, "font_color": "#00695C"},
    "heading": {"bold": True, "font_size": 12, "font_color": "#00695C", "bottom": 2, "bottom_color": "#00695C"},
    "head": {
        "bold": True,
        "text_wrap": True,
        "valign": "top",
        "font_size": 10,
        "font_color": "#FFFFFF",
        "bg_color": "#00695C",
    },
    "text": _TEXT,
    "name": {**_TEXT, "bold": True},
    "link": {**_TEXT, "bold": True, "underline": 1, "font_color": "#00695C"},
    "short": {**_TEXT, "align": "center"},
    "code": {**_TEXT, "font_name": "Courier New", "font_size": 9},
}
_LOOKS = {"Code": "code", "UID": "code", "Label": "name", "Name": "name", "Order": "short", "Step": "short"}
Formats = dict[str, "Format"]


def write(out: Path, metadata: Path | None = None) -> list[Path]:
    """Write workbook and page to a folder; the files written, each whole or not at all."""
    reference = reference_of(metadata)
    stem = f"TPI_REFERENCE_{reference.version}"
    made = {f"{stem}.xlsx": workbook(reference), f"{stem}.html": page(reference).encode()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in made.items():
            write_bytes(out / name, content)
    except OSError as error:
        raise UsageError(f"{out} cannot be written to.", "Name another folder with --out.", str(error)) from error
    return [out / name for name in made]


def reference_of(metadata: Path | None = None) -> Reference:
    """The reference of the package, or of the sources in another folder."""
    translations = (metadata or folder("metadata")) / "translations"
    review = read("review.yaml", translations) if translations.is_dir() else {}
    return build(load(metadata), bundle(metadata=metadata), review)


def page(reference: Reference) -> str:
    """The reference as one self-contained HTML page; every text is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("reference.html.j2").render(view=reference)


def workbook(reference: Reference) -> bytes:
    """The reference as an Excel workbook; UsageError when the library for it is missing."""
    file = BytesIO()
    with _xlsxwriter().Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"title": reference.title, "author": "tpi-dhis2", "created": _CREATED})
        formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
        _read_me(_sheet(book, "Read me", reference), reference, formats)
        for name, table in reference.tables.items():
            _table(_sheet(book, name, reference), table, formats)
    return file.getvalue()


def _xlsxwriter() -> ModuleType:
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            "A workbook needs the library XlsxWriter, which is not installed.", "pip install 'tpi-dhis2[excel]'"
        ) from error
    found: ModuleType = xlsxwriter
    return found


def _sheet(book: Workbook, name: str, reference: Reference) -> Worksheet:
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{reference.title.replace('&', '&&')} {reference.version}&R&A, page &P of &N")
    return sheet


def _read_me(sheet: Worksheet, reference: Reference, formats: Formats) -> None:
    for column, width in enumerate(_READ_ME_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.fit_to_pages(1, 1)
    _put(sheet, 0, 0, reference.title, formats["title"])
    sheets: list[tuple[str, str | int]] = [(name, table.about) for name, table in reference.tables.items()]
    number = 2
    for heading, facts in {**reference.facts, _SHEETS: sheets}.items():
        for column, text in enumerate((heading, "")):
            _put(sheet, number, column, text, formats["heading"])
        for fact in facts:
            number += 1
            _fact(sheet, number, fact, formats, linked=heading == _SHEETS)
        number += 2


def _fact(sheet: Worksheet, number: int, fact: tuple[str, str | int], formats: Formats, *, linked: bool) -> None:
    name, value = fact
    _put(sheet, number, 0, name, formats["name"])
    _put(sheet, number, 1, value, formats["text"])
    if linked:
        sheet.write_url(number, 0, f"internal:'{name}'!A1", formats["link"], name)
    sheet.set_row(number, _height(zip(fact, _READ_ME_WIDTHS, strict=True)))


def _table(sheet: Worksheet, table: Table, formats: Formats) -> None:
    heads = list(table.rows[0]) if table.rows else ["None in this version"]
    for column, head in enumerate(heads):
        sheet.set_column(column, column, _width(head))
        _put(sheet, 0, column, head, formats["head"])
    sheet.set_row(0, _height((head, _width(head) - 4) for head in heads))  # the button of the filter needs room, too
    for number, row in enumerate(table.rows, 1):
        _line(sheet, number, row, formats)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, len(table.rows), len(heads) - 1)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # codes such as 0 to 4 are texts


def _line(sheet: Worksheet, number: int, row: Row, formats: Formats) -> None:
    for column, (head, value) in enumerate(row.items()):
        look = "short" if value in ("yes", "no") else _LOOKS.get(head, "text")
        _put(sheet, number, column, value, formats[look])
    sheet.set_row(number, _height((value, _width(head)) for head, value in row.items()))


def _width(head: str) -> int:
    return _WIDTHS.get(head, _OTHER_WIDTH)


def _height(cells: Iterable[tuple[str | int, int]]) -> float:
    """How high a row must be for its texts in columns of these widths; not every program finds out by itself."""
    counts = [
        sum(len(textwrap.wrap(line, int(width * _FILL))) for line in str(value).splitlines()) for value, width in cells
    ]
    return min(_PADDING + _LINE_HEIGHT * max(1, *counts), _MOST_HEIGHT)


def _put(sheet: Worksheet, row: int, column: int, value: str | int, look: Format) -> None:
    """Write a text as a text, whatever it begins with; a formula or an address is never made of it."""
    if isinstance(value, int):
        sheet.write_number(row, column, value, look)
    elif sheet.write_string(row, column, value, look):
        raise SourceError(f"A text is too long for a cell: '{value[:60]} ...'", "Make it shorter.")
