"""What rules look at: an event with its enrollment, or an enrollment alone, and what the server knows around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tpi_dhis2.sandbox.web import Json

DAY = len("2026-01-01")
NOTHING: Mapping[str, str | None] = {}


def day_text(moment: Any) -> str | None:
    """Return the day of a timestamp."""
    return str(moment)[:DAY] if moment else None


@dataclass(frozen=True)
class Value:
    """A variable with all that functions ask of it: its values in all events, and the day of the one that counts."""

    text: str | None = None
    candidates: tuple[str, ...] = ()
    date: str | None = None


@dataclass(frozen=True)
class Past:
    """An event of the enrollment: when it was, when it was entered, its stage and its values."""

    date: str
    created: str
    stage: str
    values: dict[str, str]


class Surroundings(Protocol):
    """What rules may ask of the server: names and codes, and who imports."""

    def name(self, plural: str, uid: Any) -> str | None:
        """Return the name of a metadata object."""

    def code(self, plural: str, uid: Any) -> str | None:
        """Return the code of a metadata object."""

    def own(self, plural: str) -> set[str]:
        """Return the UIDs of the importing user's roles or groups."""

    def members(self, group: str | None) -> set[str]:
        """Return the org units of a group."""


@dataclass(slots=True)
class Case:
    """The object that rules look at: an event with its enrollment, or an enrollment alone."""

    today: str
    uid: str
    values: dict[str, str]
    event: Json | None
    enrollment: Json | None
    attributes: dict[str, str]
    history: Callable[[], list[Past]]
    around: Surroundings
    #: What rules have assigned to variables so far.
    assigned: Mapping[str, str | None] = field(default_factory=lambda: NOTHING)
    #: What parts of expressions gave that come more than once.
    known: dict[int, Any] = field(default_factory=dict)

    def assign(self, name: str, value: str | None) -> None:
        """Give a variable a value, which parts of expressions may read."""
        self.assigned = {**self.assigned, name: value}
        self.known.clear()

    def unit(self) -> Any:
        """Return the org unit."""
        return (self.event or self.enrollment or {}).get("orgUnit")

    def date(self) -> str | None:
        """Return the day of the event."""
        event = self.event or {}
        return day_text(event.get("occurredAt") or event.get("scheduledAt"))

    def past(self, element: str, stage: str | None = None) -> list[tuple[Past, str]]:
        """Return the events with a value of a data element, the newest first, and the value."""
        found = sorted(self.history(), key=lambda past: (past.date, past.created), reverse=True)
        return [(past, past.values[element]) for past in found
                if element in past.values and stage in (None, past.stage)]  # fmt: skip
