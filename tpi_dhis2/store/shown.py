"""What the tables for analysts show: the description that ``views`` makes views of and ``view_rows`` reads.

Its fields come from the caller, since the store knows nothing of the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD

TEXT, NUMBER, INTEGER, DATE, BOOLEAN = "text", "number", "integer", "date", "boolean"
#: The UID of a unit; its name stands beside it.
UNIT = "unit"

#: The option set of ``date_known``, which every record has.
DATE_KNOWN = "DATE_KNOWN"


@dataclass(frozen=True)
class Column:
    """A column: the key of its field in a doc ("" for a label, and for what is not read from one field)."""

    name: str
    type: str
    label: str
    about: str = ""
    key: str = ""
    options: str = ""
    label_of: str = ""


@dataclass(frozen=True)
class View:
    """A view of the objects of a type, of records those of a kind; ``fields`` are the columns of the package."""

    name: str
    type: str
    kind: str
    about: str
    fields: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in order."""
        return tuple(each for column in (*_HEADS[self.type], *self.fields) for each in _with_label(column))


@dataclass(frozen=True)
class Description:
    """All views, and the labels of the options by set and code.

    Views are made anew when any of it has changed; ``version`` is the package's, so each release makes them anew.
    """

    version: str
    views: tuple[View, ...]
    options: Mapping[str, Mapping[str, str]]


def _with_label(column: Column) -> Iterator[Column]:
    yield column
    if column.options or column.type == UNIT:
        about = "The name of the unit." if column.type == UNIT else "The label of the option."
        yield Column(f"{column.name}_label", TEXT, column.label, about, label_of=column.name)


_STATE = Column("state", TEXT, "State in the store", "synced: nothing waits here to be sent. The row is the server's.")
_UNIT = (
    Column("unit", TEXT, "Unit", "UID of the organisation unit.", "@unit"),
    Column("unit_code", TEXT, "Code of the unit"),
    Column("unit_name", TEXT, "Name of the unit"),
    Column("unit_path", TEXT, "Place of the unit", "UIDs from the top of the hierarchy down to the unit."),
)
_STATUS = (
    Column("status", TEXT, "Status", "As DHIS2 has it: ACTIVE, COMPLETED, SCHEDULE, SKIPPED, CANCELLED.", "@status"),
    Column("completed", DATE, "Completed on", "The day it was marked as completed.", "@completed"),
)
_PARTNERSHIP = (
    Column("partnership", TEXT, "Partnership", "UID of the partnership."),
    Column("partnership_name", TEXT, "Name of the partnership", "Its name, else its code, else its UID."),
)
_NUMBER = Column("cycle_number", INTEGER, "Number of the cycle", "Counted within the partnership by its beginning.")
_BEGAN = Column("cycle_began", DATE, "Beginning of the cycle", "Empty when it is not stated.")
_BEGAN_KNOWN = Column(
    "cycle_began_known", TEXT, "How exactly that is known", "As date_known of the agreement.", options=DATE_KNOWN
)
_UID = Column("uid", TEXT, "UID", "What the server knows it by; one row a UID.")
_HEADS: Mapping[str, tuple[Column, ...]] = {
    PARTNERSHIP: (_UID, _STATE, *_UNIT),
    CYCLE: (_UID, _STATE, *_PARTNERSHIP, _NUMBER, _BEGAN, _BEGAN_KNOWN, *_UNIT, *_STATUS),
    RECORD: (
        *(_UID, _STATE, *_PARTNERSHIP),
        Column("cycle", TEXT, "Cycle", "UID of the cycle."),
        *(_NUMBER, _BEGAN, *_UNIT),
        Column("date", DATE, "Date", "The first day that it can mean (see date_known); empty when it is not stated."),
        Column("date_known", TEXT, "How exactly dates are known", "Of all dates of the record.", options=DATE_KNOWN),
        Column("scheduled", DATE, "Planned for", "Of what is only planned.", "@scheduled"),
        *_STATUS,
    ),
}

Cells = tuple[str | int, ...]
#: The columns of the two tables of the dictionary.
FIELD_COLUMNS = tuple(
    Column(name, INTEGER if name == "position" else TEXT, label)
    for name, label in {
        "view_name": "View",
        "column_name": "Column",
        "position": "Order",
        "label": "Label",
        "type": "Type",
        "option_set": "Option set",
        "about": "What it means",
    }.items()
)
OPTION_COLUMNS = tuple(
    Column(name, INTEGER if name == "position" else TEXT, label)
    for name, label in {"option_set": "Option set", "position": "Order", "code": "Code", "label": "Label"}.items()
)


def field_rows(description: Description) -> list[Cells]:
    """The dictionary: a row a column of each view."""
    return [
        (view.name, column.name, place, column.label, _type(column), column.options, column.about)
        for view in description.views
        for place, column in enumerate(view.columns, 1)
    ]


def option_rows(description: Description) -> list[Cells]:
    """A row an option of each set."""
    return [
        (name, place, code, label)
        for name, options in description.options.items()
        for place, (code, label) in enumerate(options.items(), 1)
    ]


def _type(column: Column) -> str:
    return TEXT if column.type == UNIT else column.type
