"""Pull core measures that the country already reports in aggregate data (HMIS) into the store, as measurements.

They go the way of record files: the same value again says nothing new, a corrected one is an update, and what a person
changed meanwhile is a conflict and not overwritten. What stands in the way of it never stops the rest of a sync.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tpi_dhis2.dhis2.analytics import Analytics, Answers, Refused, Row
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.domain.pulled import MARK
from tpi_dhis2.domain.records import Partnership
from tpi_dhis2.errors import Forbidden, ServerFailed, ServerRefused
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.store.items import RECORD, Item
from tpi_dhis2.store.partnerships import each_of
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.draft_dates import Patch
from tpi_dhis2.sync.drafts import Draft
from tpi_dhis2.sync.hmis_file import HmisMapping
from tpi_dhis2.sync.hmis_slots import BASELINE, Slot, active_cycle, slots
from tpi_dhis2.sync.hmis_sources import HmisSource, HmisSources, find_sources
from tpi_dhis2.sync.hmis_values import figures
from tpi_dhis2.sync.take import take_drafts

_ISO = ("iso8601", "gregorian")


@dataclass
class HmisPulled:
    """What may be measured in the HMIS, measurement by measurement, and what became of it.

    ``left_alone`` are those that a person measured, changed into something else, or deleted. What is left of ``asked``
    had no data, or was no baseline after all.
    """

    asked: int = 0
    taken: int = 0
    unchanged: int = 0
    left_alone: int = 0
    problems: list[str] = field(default_factory=list)


def pull_hmis(
    client: Client,
    store: Store,
    fields: Fields,
    mapping: HmisMapping,
    today: dt.date,
    partnerships: Iterable[str] | None = None,
) -> HmisPulled:
    """Pull what a file names for the active cycles of the store, of some partnerships (UIDs) or of all.

    Only a server that cannot be reached, or a store that cannot be used, is raised; all else is told as a problem.
    """
    store.bind(client.identify())
    result = HmisPulled()
    try:
        _check_calendar(client)
        sources = find_sources(client, mapping)
        result.problems += sources.problems
        wanted = list(_slots(_chosen(store, partnerships), mapping, today, result))
        _pull(client, store, fields, sources, [slot for slot in wanted if slot.measure in sources.by_measure], result)
    except (ServerRefused, ServerFailed, Forbidden) as error:
        result.problems.append(f"No HMIS values were pulled. {error} {error.advice}".rstrip())
    return result


def _check_calendar(client: Client) -> None:
    calendar = str(client.info.get("calendar") or _ISO[0])
    if calendar not in _ISO:
        raise ServerRefused(f"The server counts in the calendar '{calendar}', whose periods this tool does not know.")


def _chosen(store: Store, uids: Iterable[str] | None) -> Iterator[Partnership]:
    return each_of(store, store.partnerships() if uids is None else sorted(uids))


def _pull(
    client: Client, store: Store, fields: Fields, sources: HmisSources, wanted: list[Slot], result: HmisPulled
) -> None:
    known = store.by_uid(slot.uid for slot in wanted)
    free = [slot for slot in wanted if not slot.is_taken and _is_ours(known.get(slot.uid), slot)]
    result.asked, result.left_alone = len(wanted), len(wanted) - len(free)
    answers = _ask(client, sources, free)
    result.problems += dict.fromkeys(_refusal(refused, sources, free) for refused in answers.refused)
    _take(store, fields, list(_drafts(free, sources.by_measure, answers.rows)), known, result)


def _slots(chosen: Iterable[Partnership], mapping: HmisMapping, today: dt.date, result: HmisPulled) -> Iterator[Slot]:
    for partnership in chosen:
        cycle = active_cycle(partnership)
        if cycle is None or not partnership.unit:
            continue
        if cycle.started is None:
            result.problems.append(f"{partnership.name}: nobody stated when its cycle began, so no HMIS values for it.")
        yield from slots(partnership, cycle, mapping, today)


def _is_ours(item: Item | None, slot: Slot) -> bool:
    """Whether a measurement may be made or updated: nobody deleted it, nor made another measure or day of it."""
    if item is None:
        return True
    same = item.doc.get("measure") == slot.measure and item.doc.get("@date") == slot.period.last.isoformat()
    return same and not item.deleted


def _ask(client: Client, sources: HmisSources, wanted: list[Slot]) -> Answers:
    dx = [dx for measure in {slot.measure for slot in wanted} for dx in sources.by_measure[measure].parts.values()]
    units = [slot.partnership.unit or "" for slot in wanted]
    return Analytics(client).read(dx, units, [slot.period.id for slot in wanted])


def _refusal(refused: Refused, sources: HmisSources, wanted: list[Slot]) -> str:
    asked = refused.question
    if refused.of_unit:
        uid = asked.units[0]
        name = next((slot.partnership.host_name for slot in wanted if slot.partnership.unit == uid), None) or uid
        return f"{name}: no HMIS values. {refused.reason}. The unit must be in the account's data view."
    of = ", ".join(source.measure for source in sources.good if asked.dx[0] in source.parts.values())
    return f"HMIS file, {of}: the server gives no values of {asked.dx[0]}. {refused.reason}"


def _drafts(wanted: list[Slot], sources: dict[str, HmisSource], rows: Iterable[Row]) -> Iterator[Draft]:
    """What there is a value for; of what may be the baseline the newest only."""
    by_place: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_place[row.unit, row.period][row.dx] = row
    started: set[tuple[str, str]] = set()
    for slot in reversed(wanted):
        source, key = sources[slot.measure], (slot.cycle.uid, slot.measure)
        values = figures(source, by_place[slot.partnership.unit or "", slot.period.id])
        if values is None or (slot.point == BASELINE and key in started):
            continue
        if slot.point == BASELINE:
            started.add(key)
        yield _draft(slot, source, values)


def _draft(slot: Slot, source: HmisSource, values: Patch) -> Draft:
    """A measurement of a slot. All but its figures is only said to make it: people may add to it and change it."""
    about: Patch = {
        "@unit": slot.partnership.unit,
        "@status": "ACTIVE",
        "@date": slot.period.last.isoformat(),
        "measure": slot.measure,
        "point": slot.point,
        "data_source": "ROUTINE_SYSTEM",
        "record_source": f"{MARK}{slot.period.label}: {source.name}",
    }
    place = f"{slot.partnership.name}, {slot.measure}, HMIS {slot.period.label}"
    uid, partnership, cycle = slot.uid, slot.partnership.uid, slot.cycle.uid
    return Draft(uid, RECORD, "measurement", partnership, cycle, {**about, **values}, place, frozenset(about))


def _take(store: Store, fields: Fields, drafts: list[Draft], before: dict[str, Item], result: HmisPulled) -> None:
    rejected = take_drafts(store, fields, drafts, "HMIS")
    result.problems += [f"{one.place}: {one.reason}" for one in rejected]
    after = store.by_uid(draft.uid for draft in drafts)
    result.taken = sum(_is_new(before.get(uid), item) for uid, item in after.items())
    result.unchanged = len(after) - result.taken


def _is_new(before: Item | None, after: Item) -> bool:
    return before is None or (before.doc, before.conflicts) != (after.doc, after.conflicts)
