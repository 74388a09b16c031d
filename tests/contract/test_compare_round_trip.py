"""What real servers gave back for an imported package is, by meaning, what was sent: a second plan is empty."""

from __future__ import annotations

import pytest

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.compare import changes, merged

OURS = (
    "programs",
    "programStages",
    "programStageSections",
    "dataElements",
    "trackedEntityAttributes",
    "trackedEntityTypes",
    "optionSets",
    "options",
    "userGroups",
    "dataElementGroups",
    "programRules",
    "programRuleActions",
    "programRuleVariables",
)


#: The server counts it up by itself; our package does not ship it.
COUNTED = {"version"}


def round_trips(version):
    """Pairs of what was sent last and what the server gave back, for the types that this package has."""
    sent = exchanges(version, "metadata-import", "package-final")[0]["request"]["body"]
    for exchange in exchanges(version, "metadata-read", "roundtrip-"):
        kind = exchange["request"]["path"].split("/")[2]
        uid = exchange["request"]["path"].split("/")[3]
        if kind in OURS:
            item = next((item for item in sent[kind] if item["id"] == uid), None)
            # An action with a template was left out of this import; this package has none.
            if item is None:
                assert exchange["response"]["body"]["templateUid"]
                continue
            said = {prop: value for prop, value in item.items() if prop not in COUNTED}
            yield kind, said, exchange["response"]["body"]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_server_gives_back_is_no_change(version):
    pairs = list(round_trips(version))
    assert {kind for kind, _, _ in pairs} >= set(OURS) - {"trackedEntityTypes"}
    server = ServerVersion.parse(f"{version}.0")
    found = {
        f"{kind} {item.get('name', item['id'])}": changes(kind, item, actual, server) for kind, item, actual in pairs
    }
    assert {name: some for name, some in found.items() if some} == {}


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_each_changed_property_is_found(version):
    server = ServerVersion.parse(f"{version}.0")
    for kind, item, actual in round_trips(version):
        for prop, value in item.items():
            if (kind, prop) == ("trackedEntityTypes", "shortName") and not server.stores_type_short_name:
                continue
            if isinstance(value, str) and prop != "id":
                changed = {**item, prop: value + " changed"}
                assert [c.prop for c in changes(kind, changed, actual, server)] == [prop], (kind, prop)
            if isinstance(value, bool):
                changed = {**item, prop: not value}
                assert [c.prop for c in changes(kind, changed, actual, server)] == [prop], (kind, prop)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_sent_to_change_an_object_keeps_what_the_site_owns(version):
    for kind, item, actual in round_trips(version):
        payload = merged(kind, {**item, "name": "Renamed"}, actual)
        assert payload["name"] == "Renamed"
        for owned in ("organisationUnits", "sharing", "users", "translations"):
            if actual.get(owned):
                assert payload[owned] == actual[owned], (kind, owned)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_translation_that_the_server_lacks_is_added_and_one_that_it_has_is_kept(version):
    server = ServerVersion.parse(f"{version}.0")
    for kind, item, actual in round_trips(version):
        if not item.get("translations"):
            continue
        spanish = {"locale": "es", "property": "NAME", "value": "Nombre"}
        mine = [{**item["translations"][0], "value": "another wording"}, spanish]
        found = changes(kind, {**item, "translations": mine}, actual, server)
        assert [(change.prop, change.new) for change in found] == [("translations[es NAME]", "Nombre")]
        payload = merged(kind, {**item, "translations": mine}, actual)
        assert payload["translations"] == [*actual["translations"], spanish]
