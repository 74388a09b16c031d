"""The page of one partnership: its profile, and the records of its cycles in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tpi_dhis2.sandbox.page import page, pairs
from tpi_dhis2.sandbox.records import Records
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.values import text_of
from tpi_dhis2.sandbox.web import Json
from tpi_dhis2.sandbox.words import day, label, moment

ALL_SEEN = "Everything that is stored is shown here, also what a group of DHIS2 would keep from some accounts."


def partnership_page(state: State, uid: str) -> str | None:
    """Return the page; None when there is no such partnership."""
    records = Records(state)
    entity = records.partnership(uid)
    if entity is None:
        return None
    name = records.words.name(entity)
    parts = [
        '<p class="small"><a href="/">All partnerships</a></p>',
        f"<h1>{escape(name)}</h1>",
        f'<p class="small">{ALL_SEEN}</p>',
        pairs(_profile(records, entity)),
        *(_cycle(records, cycle, number) for number, cycle in enumerate(records.cycles(uid), 1)),
    ]
    return page(state, name, "\n".join(parts))


def _profile(records: Records, entity: Json) -> Iterator[tuple[str, str]]:
    for uid, field in records.state.table("trackedEntityAttributes").items():
        text = text_of(entity["attributes"].get(uid))
        if text is not None:
            yield label(field), records.words.value(field, text)
    yield "Host unit", records.words.unit(entity["orgUnit"])
    yield "Last updated", f"{moment(entity['updatedAt'])} by {entity['updatedBy']['username']}"


def _cycle(records: Records, cycle: Json, number: int) -> str:
    events = records.events(cycle["enrollment"])
    head = f"Cycle {number}, from {day(cycle['enrolledAt'])} ({cycle['status'].lower()})"
    body = "".join(_record(records, event) for event in events) if events else "<p>No records yet.</p>"
    return f"<h2>{escape(head)}</h2>\n{_notes(cycle)}{body}"


def _record(records: Records, event: Json) -> str:
    when = day(event.get("occurredAt")) or f"due {day(event.get('scheduledAt'))}"
    stage = records.stage(event).get("name") or event.get("programStage")
    head = f"{stage}, {when} ({event['status'].lower()})"
    sections = "".join(
        (f"<h4>{escape(name)}</h4>\n" if name else "") + made
        for name, elements in records.sections(event)
        if (made := pairs(_values(records, event, elements)))
    )
    return f"<h3>{escape(head)}</h3>\n{sections or '<p>Nothing is filled in.</p>'}{_notes(event)}"


def _values(records: Records, event: Json, elements: list[Json]) -> Iterator[tuple[str, str]]:
    for each in elements:
        field = records.state.get("dataElements", each["id"])
        text = text_of(event["dataValues"].get(each["id"]))
        if field and text is not None:
            yield label(field), records.words.value(field, text)


def _notes(row: Json) -> str:
    return pairs((f"Note, {day(note['storedAt'])}", str(note["value"])) for note in row.get("notes") or [])
