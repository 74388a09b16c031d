"""What was done: activities, contacts and visits, spread, and how the technical work was judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.domain.work import deadline, is_overdue, on_time, summarise
from tpi_dhis2.report import words
from tpi_dhis2.report.views.common import Reader, currency, happened, known_sum

#: Two sides that are shown together: when one is recorded, that the other is not tells something.
_DIRECTIONS = ("PARTNER_TO_HOST", "HOST_TO_PARTNER")
_ARMS = ("HOST", "PARTNER")
_LEVELS = ("WITHIN_FACILITY", "LOCAL", "REGIONAL", "NATIONAL", "INTERNATIONAL", None)


@dataclass(frozen=True)
class Count:
    """How often something was recorded."""

    name: str
    count: int


@dataclass(frozen=True)
class DoneActivity:
    """An activity and how it stands."""

    number: str | None
    title: str | None
    text: str | None
    state: str | None
    done: str | None
    code: str | None
    overdue: bool
    deadline: str | None
    began: str | None
    ended: str | None
    on_time: bool | None
    trained: str | None
    obstacle: str | None
    learning: str | None


@dataclass(frozen=True)
class Work:
    """The activities in all, and one by one."""

    planned: int
    completed: int
    overdue: int | None
    cancelled: int
    without_status: int
    budget: str | None
    plan_budget: str | None
    spent: str | None
    spent_from: str
    trained: str | None
    activities: tuple[DoneActivity, ...]


@dataclass(frozen=True)
class Contact:
    """What is recorded of a contact beside its kind."""

    name: str
    text: str | None


@dataclass(frozen=True)
class Contacts:
    """Records of contacts by kind, by direction and by who began them; those not yet held are counted apart.

    A record may stand for several contacts, or for several at each of many places: records are counted, never summed.
    """

    total: str
    planned: int
    agreed: str | None
    noted: tuple[Contact, ...]
    kinds: tuple[Count, ...]
    directions: tuple[Count, ...]
    begun_by: tuple[Count, ...]


@dataclass(frozen=True)
class Spread:
    """What went further at one level; facilities reached and facilities that adopted it are two things."""

    level: str
    times: int
    what: tuple[str, ...]
    reached: str | None
    adopted: str | None
    workers: str | None


def work(reader: Reader, partnership: Partnership, cycle: Cycle) -> Work | None:
    """The activities of a cycle; None when none is recorded. A paused partnership has nothing overdue."""
    activities = cycle.numbered("activity", "activity_no")
    if not activities:
        return None
    summary, code, plan = summarise(activities, reader.today), currency(cycle), cycle.one("plan")
    paused = partnership.text("pstatus") == "PAUSED"
    said = sum(activity.number("spent") is not None for activity in activities)
    return Work(
        planned=summary.planned,
        completed=summary.completed,
        overdue=None if paused else summary.overdue,
        cancelled=summary.cancelled,
        without_status=summary.without_status,
        budget=words.money(summary.budget, code),
        plan_budget=words.money(plan.number("budget_total"), code) if plan else None,
        spent=words.money(summary.spent, code),
        spent_from=f"recorded for {said} of {words.counted(len(activities), 'activity', 'activities')}",
        trained=known_sum(activities, "trained"),
        activities=tuple(_activity(reader, activity, paused=paused) for activity in activities),
    )


def _activity(reader: Reader, record: Record, *, paused: bool) -> DoneActivity:
    obstacle = [text for key in ("obstacle", "obstacle_note") if (text := reader.text(record, key))]
    due = deadline(record)
    return DoneActivity(
        number=words.number(record.number("activity_no")),
        title=reader.text(record, "activity_title"),
        text=reader.text(record, "activity_text"),
        state=reader.text(record, "activity_status"),
        done=words.percent(record.number("percent_done")),
        code=record.text("activity_status"),
        overdue=not paused and is_overdue(record, reader.today),
        deadline=words.date(due) if due else None,
        began=reader.day(record, "actual_start"),
        ended=reader.day(record, "actual_end"),
        on_time=on_time(record),
        trained=words.number(record.number("trained")),
        obstacle=": ".join(obstacle) or None,
        learning=reader.text(record, "learning"),
    )


def contacts(reader: Reader, cycle: Cycle) -> Contacts | None:
    """The contacts of a cycle; None when none is recorded."""
    every = cycle.of("contact")
    held, agreement = happened(every), cycle.one("agreement")
    if not every:
        return None
    return Contacts(
        total=_total(held),
        planned=len(every) - len(held),
        agreed=reader.text(agreement, "contact_frequency"),
        noted=tuple(contact for record in held if (contact := _contact(reader, record))),
        kinds=_counts(reader, held, "contact_type"),
        directions=_counts(reader, held, "visit_direction", _DIRECTIONS),
        begun_by=_counts(reader, held, "initiated_by", _ARMS),
    )


def _total(held: list[Record]) -> str:
    """How many there are; called records as soon as one of them says more of itself than that it was one contact."""
    qualified = any(record.text("contact_count") or record.text("decisions") for record in held)
    names = ("record of contacts", "records of contacts") if qualified else ("contact recorded", "contacts recorded")
    return words.counted(len(held), *names)


def _contact(reader: Reader, record: Record) -> Contact | None:
    """The contact with place, last day, topics and next step; None when only its kind is recorded."""
    count, end = words.number(record.number("contact_count")), reader.day(record, "contact_end")
    follow_up, place = reader.day(record, "follow_up"), reader.text(record, "contact_place")
    told = (
        f"Count recorded: {count}" if count else None,
        reader.text(record, "decisions"),
        f"Next step due {follow_up}" if follow_up else None,
    )
    if not any((*told, end, place)):
        return None
    when = words.date(record.date) if record.date else f"date {words.NOT_STATED}"
    kind = reader.text(record, "contact_type") or f"kind {words.NOT_RECORDED}"
    direction = reader.text(record, "visit_direction")
    where = (None if direction and direction.lower() in kind.lower() else direction, place)
    name = "; ".join(filter(None, (f"{when} to {end}" if end else when, kind, *where)))
    return Contact(name, " ".join(f"{text.rstrip('. ')}." for text in told if text) or None)


def _counts(reader: Reader, records: list[Record], key: str, sides: tuple[str, ...] = ()) -> tuple[Count, ...]:
    """How many records say what; a side that none says is shown only beside one that some do."""
    found = Counter(record.text(key) for record in records)
    if not any(found[side] for side in sides):
        sides = ()
    codes = dict.fromkeys((*sides, *(code for code in found if code), *(code for code in found if not code)))
    return tuple(Count(reader.labels.show(key, code) or words.NOT_RECORDED, found[code]) for code in codes)


def spread(reader: Reader, cycle: Cycle) -> tuple[Spread, ...]:
    """What spread, by level from near to far; levels without a record are left out."""
    found = happened(cycle.of("spread"))
    levels = dict.fromkeys((*_LEVELS, *(record.text("spread_level") for record in found)))
    by_level = {level: [record for record in found if record.text("spread_level") == level] for level in levels}
    return tuple(_spread(reader, level, records) for level, records in by_level.items() if records)


def _spread(reader: Reader, level: str | None, records: list[Record]) -> Spread:
    return Spread(
        level=reader.labels.show("spread_level", level) or f"level {words.NOT_RECORDED}",
        times=len(records),
        what=tuple(_what(reader, record) for record in records),
        reached=known_sum(records, "facilities_reached"),
        adopted=known_sum(records, "facilities_adopted"),
        workers=known_sum(records, "workers_reached"),
    )


def _what(reader: Reader, record: Record) -> str:
    kind = reader.text(record, "spread_kind")
    what = reader.text(record, "spread_what") or f"what spread is {words.NOT_RECORDED}"
    when = words.date(record.date) if record.date else f"date {words.NOT_STATED}"
    return f"{what} ({', '.join(filter(None, (kind, when, reader.text(record, 'body_involved'))))})"
