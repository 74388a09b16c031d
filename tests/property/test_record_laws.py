"""Laws of record files: garbage never crashes the tool nor takes a good record along, and what is sent comes back."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.builders import UNIT, UNITS, answer, item_of, partnership_entry
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import FieldInfo, package_fields
from tpi_dhis2.store.items import CYCLE, PARTNERSHIP, RECORD, Item
from tpi_dhis2.store.partnerships import assemble
from tpi_dhis2.sync import files
from tpi_dhis2.sync.absorb import absorb
from tpi_dhis2.sync.drafts import Drafter, Drafts
from tpi_dhis2.sync.wire import Wire

laws = settings(max_examples=90, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.shrink))
FIELDS = package_fields()
WIRE = Wire(FIELDS)
GOOD = partnership_entry(
    "the good one",
    {
        "key": "1",
        "began": "2016-08",
        "records": {
            "contact": [{"date": "2017-01-10", "contact_type": "CALL"}],
            "activity": [
                {"activity_no": 1, "status": "COMPLETED", "activity_title": "t", "activity_status": "ON_TRACK"}
            ],
        },
    },
)


def drafts_of(text: str) -> Drafts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.yaml"
        path.write_text(text, "utf-8")
        return Drafter(FIELDS, UNITS).drafts(files.read(path))


# Garbage

KNOWN = ["key", "uid", "unit", "attributes", "cycles", "began", "status", "records", "date", "scheduled", "completed"]
words = st.sampled_from([*KNOWN, *FIELDS.stages, *list(FIELDS.elements)[:40], *FIELDS.attributes, UNIT, "HOSPITAL"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=10)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=4)
    | words
    | st.sampled_from(["1", "2016-08", "2016-08-30", "ACTIVE", "SCHEDULE", "CALL"])
)
#: No two that are written alike: a name that stands twice is a mistake of the whole file.
names = words | st.text(max_size=5).filter(lambda name: name != "null") | st.none()
garbage = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=15
)
record = st.dictionaries(names, garbage, max_size=4)
records = st.dictionaries(
    st.sampled_from(list(FIELDS.stages)), st.lists(record | garbage, max_size=3) | garbage, max_size=3
)
cycle = st.fixed_dictionaries(
    {"key": st.sampled_from([1, "2", None]) | garbage},
    optional={"began": garbage, "status": garbage, "records": records},
)
nearly = st.fixed_dictionaries(
    {"key": st.text(min_size=1, max_size=5) | garbage, "unit": st.sampled_from(["HOSPITAL", UNIT]) | garbage},
    optional={
        "uid": garbage,
        "attributes": st.dictionaries(st.sampled_from(list(FIELDS.attributes)), garbage, max_size=3) | garbage,
        "cycles": st.lists(cycle | garbage, max_size=3) | garbage,
    },
)


@laws
@given(garbage)
def test_any_content_of_a_file_is_read_or_refused_as_a_file(content: Any) -> None:
    with suppress(UsageError):
        drafts_of(yaml.safe_dump(content))


@laws
@given(st.lists(nearly | garbage, max_size=4), st.lists(nearly | garbage, max_size=4))
def test_a_good_partnership_is_taken_whole_whatever_stands_around_it(before: list[Any], after: list[Any]) -> None:
    alone = drafts_of(yaml.safe_dump({"partnerships": [GOOD]}))
    found = drafts_of(yaml.safe_dump({"partnerships": [*before, deepcopy(GOOD), *after]}))
    assert [draft for draft in found.drafts if draft.partnership == alone.drafts[0].uid] == alone.drafts
    assert alone.rejected == []
    assert len({draft.place for draft in found.drafts}) + len(found.rejected) >= len(before) + len(after) + 1


@laws
@given(st.lists(record | garbage, max_size=4), st.lists(record | garbage, max_size=4))
def test_a_good_record_is_taken_whatever_stands_around_it(before: list[Any], after: list[Any]) -> None:
    good = {"date": "2017-01-10", "contact_type": "CALL", "key": "the good one"}
    entry = deepcopy(GOOD)
    entry["cycles"][0]["records"] = {"contact": [*before, good, *after]}
    found = drafts_of(yaml.safe_dump({"partnerships": [entry]}))
    place = f"partnership 'the good one', cycle 1, contact {len(before) + 1}"
    (taken,) = [draft for draft in found.drafts if draft.place == place]
    assert taken.patch["contact_type"] == "CALL"
    placed = {draft.place for draft in found.drafts} | {each.place for each in found.rejected}
    assert len(placed) == 2 + len(before) + len(after) + 1


@laws
@given(st.lists(nearly, max_size=3))
def test_the_same_file_twice_gives_the_same_objects_once_each(entries: list[Any]) -> None:
    text = yaml.safe_dump({"partnerships": entries, "as_of": "2026-11-23"}).replace("'2026-11-23'", "2026-11-23", 1)
    try:
        first = drafts_of(text)
    except UsageError:
        return
    assert drafts_of(text) == first


@laws
@given(st.text(max_size=60))
def test_any_text_is_a_record_file_or_is_refused_as_one(text: str) -> None:
    with suppress(UsageError):
        drafts_of(text.encode("utf-8", "replace").decode())


# What is sent comes back


def _value(field: FieldInfo) -> st.SearchStrategy[str]:
    text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
    return st.sampled_from(sorted(field.options)) if field.options else text


def _doc(
    fields: dict[str, FieldInfo], properties: dict[str, st.SearchStrategy[str]]
) -> st.SearchStrategy[dict[str, str]]:
    known = {key: _value(field) for key, field in list(fields.items())[:12]}
    site = {"#siteField01": st.just("local")}
    return st.fixed_dictionaries({"@unit": st.just(UNIT)}, optional={**known, **site, **properties})


day = st.dates().map(str)
shape = {"@geometry": st.just('{"coordinates": [20.5, 8.0], "type": "Point"}')}
event = {
    "@date": day,
    "@scheduled": day,
    "@status": st.sampled_from(["ACTIVE", "COMPLETED", "SCHEDULE"]),
    "@followUp": st.just("true"),
    "@assigned": st.just("focalpoint"),
    **shape,
}
pair_items = st.builds(
    lambda doc, base: Item("aPair000001", PARTNERSHIP, "", "aPair000001", "", doc, base),
    _doc(FIELDS.attributes, shape),
    st.none() | _doc(FIELDS.attributes, shape),
)
cycle_items = st.builds(
    lambda date, incident, status: Item(
        "aCycle00001",
        CYCLE,
        "",
        "aPair000001",
        "aCycle00001",
        {"@unit": UNIT, "@date": date, "@incident": incident, "@status": status},
    ),
    day,
    day,
    st.sampled_from(["ACTIVE", "COMPLETED", "CANCELLED"]),
)
event_items = st.sampled_from(sorted(FIELDS.stages)).flatmap(
    lambda kind: st.builds(
        lambda number, doc, base: Item(f"aEvent{number:05d}", RECORD, kind, "aPair000001", "aCycle00001", doc, base),
        st.integers(0, 99999),
        _doc(FIELDS.stages[kind].fields, event),
        st.none() | _doc(FIELDS.stages[kind].fields, event),
    )
)


@laws
@given(pair_items, cycle_items, st.lists(event_items, max_size=4, unique_by=lambda item: item.uid))
def test_what_was_sent_comes_back_and_looks_the_same_from_here(pair: Item, cycle: Item, events: list[Item]) -> None:
    items = [pair, cycle, *events]
    (entity,) = answer(WIRE.payload(items))
    found = list(WIRE.remotes(entity))
    assert {remote.uid: remote.doc for remote in found} == {item.uid: item.doc for item in items}
    assert [remote.type for remote in found[:2]] == [PARTNERSHIP, CYCLE]
    # Once more from what came back: nothing is left to send, and nothing changes.
    known: dict[str, Item] = {}
    absorb(known, found)
    assert not any(item.differs for item in known.values())
    assert answer(WIRE.payload(known.values())) == answer(WIRE.payload([*map(_sent, items)]))
    assert absorb(known, found) == []


def _sent(item: Item) -> Item:
    return Item(item.uid, item.type, item.kind, item.partnership, item.cycle, item.doc, item.doc)


@laws
@given(st.lists(nearly, max_size=3))
def test_whatever_was_taken_from_a_file_can_be_sent_comes_back_and_can_be_reported(entries: list[Any]) -> None:
    try:
        drafts = drafts_of(yaml.safe_dump({"partnerships": [GOOD, *entries]}))
    except UsageError:
        return
    items = {draft.uid: item_of(draft) for draft in drafts.drafts}
    back = {
        remote.uid: remote.doc for entity in answer(WIRE.payload(items.values())) for remote in WIRE.remotes(entity)
    }
    for uid, doc in back.items():
        assert {key: value for key, value in doc.items() if key != "@incident"} == items[uid].doc
    assert len(assemble(items.values(), {})) == sum(item.type == PARTNERSHIP for item in items.values())
