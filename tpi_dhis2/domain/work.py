"""Activities: what is overdue, what is done, what it cost (reference: domain page 3.3 and 5, own design)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tpi_dhis2.domain.dates import KnownDate
from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.domain.steps import is_begun

COMPLETED, CANCELLED = "COMPLETED", "CANCELLED"
#: The kinds of record that show that a partnership is at work, and the dates of them that tell when.
ACTIONS = {"contact": ("contact_end",), "activity": ("actual_start", "actual_end"), "measurement": ()}


def deadline(activity: Record) -> KnownDate | None:
    """The deadline that counts now: the new one when it was moved, else the planned end."""
    return activity.known_day("new_deadline") or activity.known_day("planned_end")


def is_overdue(activity: Record, today: dt.date) -> bool:
    """Whether the deadline has passed and the activity is neither completed nor cancelled."""
    due = deadline(activity)
    return due is not None and due.last < today and activity.text("activity_status") not in (COMPLETED, CANCELLED)


def on_time(activity: Record) -> bool | None:
    """Whether a completed activity ended by its first deadline; None when that cannot be said."""
    ended, planned = activity.known_day("actual_end"), activity.known_day("planned_end")
    if activity.text("activity_status") != COMPLETED or ended is None or planned is None:
        return None
    return ended.first <= planned.last


def last_action(cycle: Cycle, today: dt.date) -> dt.date | None:
    """The newest day of a contact, an activity or a measurement; what is only planned or lies ahead is no action."""
    done = [record for kind in ACTIONS for record in cycle.of(kind) if is_begun(record)]
    days = [known.first for record in done for known in _days(record) if known is not None]
    return max((day for day in days if day <= today), default=None)


def _days(record: Record) -> list[KnownDate | None]:
    return [record.date, *(record.known_day(key) for key in ACTIONS[record.kind])]


def total(records: Iterable[Record], key: str) -> float | None:
    """The sum of a field over the records that have it; None when none has."""
    known = [number for record in records if (number := record.number(key)) is not None]
    return sum(known) if known else None


@dataclass(frozen=True)
class WorkSummary:
    """How the activities of a cycle stand; ``planned`` leaves out the cancelled ones."""

    planned: int
    completed: int
    overdue: int
    cancelled: int
    without_status: int
    budget: float | None
    spent: float | None
    trained: float | None


def summarise(activities: list[Record], today: dt.date) -> WorkSummary:
    """Count the activities of a cycle on a day; money and people are None when nobody recorded them."""
    states = Counter(activity.text("activity_status") for activity in activities)
    kept = [activity for activity in activities if activity.text("activity_status") != CANCELLED]
    return WorkSummary(
        planned=len(kept),
        completed=states[COMPLETED],
        overdue=sum(is_overdue(activity, today) for activity in kept),
        cancelled=states[CANCELLED],
        without_status=states[None],
        budget=total(kept, "activity_budget"),
        spent=total(activities, "spent"),
        trained=total(activities, "trained"),
    )
