"""Laws of mappings: whatever is mapped, records and metadata come back as they went, and nothing else is touched."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.builders import demo_drafts, item_of
from tpi_dhis2.dhis2.mapping import exchanged
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.substitute import substituted
from tpi_dhis2.sync.wire import Wire

FIELDS = package_fields()
OURS = sorted(info.uid for info in (*FIELDS.attributes.values(), *FIELDS.elements.values()))
PAYLOAD = Wire(FIELDS).payload([item_of(draft) for drafts in demo_drafts() for draft in drafts.drafts])
BUNDLE = {kind: items for kind, items in bundle().items() if kind != "package"}

#: Any of our fields, each with a UID of the site's own.
mappings = st.sets(st.sampled_from(OURS)).map(
    lambda some: {uid: f"Site{number:07}" for number, uid in enumerate(sorted(some))}
)
laws = settings(max_examples=30, deadline=None, derandomize=True, database=None)


def back(mapping):
    return {theirs: ours for ours, theirs in mapping.items()}


@laws
@given(mappings)
def test_records_come_back_as_they_went(mapping):
    sent = exchanged(PAYLOAD, mapping)
    assert exchanged(sent, back(mapping)) == PAYLOAD
    assert not [uid for uid in mapping if f'"{uid}"' in json.dumps(sent)]


@laws
@given(mappings)
def test_as_many_fields_go_as_there_were(mapping):
    before, after = ([*_named(data)] for data in (PAYLOAD, exchanged(PAYLOAD, mapping)))
    assert len(set(after)) == len(set(before))
    assert [mapping.get(uid, uid) for uid in before] == after


def _named(data):
    if isinstance(data, list):
        for each in data:
            yield from _named(each)
    elif isinstance(data, dict):
        yield from (data[name] for name in ("attribute", "dataElement") if name in data)
        for each in data.values():
            yield from _named(each)


@settings(laws, max_examples=10)
@given(mappings)
def test_no_uid_of_ours_is_left_in_the_metadata_and_all_can_be_put_back(mapping):
    site = substituted(BUNDLE, mapping)
    text = json.dumps(site)
    assert [uid for uid in mapping if uid in text] == []
    assert substituted(site, back(mapping)) == BUNDLE
