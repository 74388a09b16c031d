"""What real servers gave back for an imported package is, by meaning, what was sent: a second plan is empty."""

from __future__ import annotations

import copy

import pytest

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tests.flow.package_types import TYPES
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.provision.compare import changes
from tpi_dhis2.provision.kinds import OWNED, is_returned, is_sites
from tpi_dhis2.provision.merge import merged

OURS = (
    *("programs", "programStages", "programStageSections", "dataElements", "trackedEntityAttributes"),
    *("trackedEntityTypes", "optionSets", "options", "userGroups", "dataElementGroups"),
    *("programRules", "programRuleActions", "programRuleVariables"),
    *TYPES,
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
def test_what_is_not_compared_is_what_the_server_does_not_give_back(version):
    """A property is left out of the comparison only where it would be a change on each plan."""
    server = ServerVersion.parse(f"{version}.0")
    for kind, item, actual in round_trips(version):
        entries = [(prop, entry) for prop in OWNED for entry in item.get(prop, [])]
        stored = {entry["id"]: entry for prop in OWNED for entry in actual.get(prop, [])}
        pairs = [(kind, item, actual), *((prop, entry, stored[entry["id"]]) for prop, entry in entries)]
        for place, said, back in pairs:
            for prop in said:
                if not is_returned(place, prop, server):
                    assert back.get(prop) != said[prop] or (place, prop) in SOMETIMES, (place, prop)


#: Given back by the newer servers only, or by luck: a first option has the number that it was sent with.
SOMETIMES = {("mapViews", "name"), ("options", "sortOrder")}


def other(value):
    """Another value of the same kind; None when there is none to be made."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + " changed"
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [*value, "another"]
    return None


def compared(kind, item, server):
    """The properties of an object or entry that can differ, each with another value."""
    for prop, value in item.items():
        skipped = prop == "id" or is_sites(kind, prop) or not is_returned(kind, prop, server)
        if not skipped and other(value) is not None:
            yield prop, other(value)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_each_changed_property_is_found(version):
    server = ServerVersion.parse(f"{version}.0")
    for kind, item, actual in round_trips(version):
        for prop, value in compared(kind, item, server):
            assert [c.prop for c in changes(kind, {**item, prop: value}, actual, server)] == [prop], (kind, prop)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_each_changed_property_of_an_entry_is_found(version):
    server, seen = ServerVersion.parse(f"{version}.0"), set()
    for kind, item, actual in round_trips(version):
        for owned in OWNED.keys() & item.keys():
            for number, entry in enumerate(item[owned]):
                for prop, value in compared(owned, entry, server):
                    changed = copy.deepcopy(item)
                    changed[owned][number][prop] = value
                    [change] = changes(kind, changed, actual, server)
                    assert (change.prop.split(".")[-1], change.new) == (prop, value), (kind, owned, prop)
                    seen.add(owned)
    assert seen == OWNED.keys()


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_layout_that_somebody_changed_is_found(version):
    server = ServerVersion.parse(f"{version}.0")
    for kind, item, actual in round_trips(version):
        if kind in ("visualizations", "eventVisualizations"):
            for prop in ("columnDimensions", "rowDimensions", "dataDimensionItems"):
                moved = {**actual, prop: [*actual.get(prop, []), "another"]}
                found = changes(kind, {prop: [], **item}, moved, server)
                assert [change.prop for change in found] == [prop]
                assert merged(kind, {prop: [], **item}, moved)[prop] == item.get(prop, [])


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_sent_to_change_an_object_keeps_what_the_site_owns(version):
    for kind, item, actual in round_trips(version):
        payload = merged(kind, {**item, "name": "Renamed"}, actual)
        assert payload["name"] == "Renamed"
        for owned in ("organisationUnits", "sharing", "users", "translations", "favorites"):
            if actual.get(owned):
                assert payload[owned] == actual[owned], (kind, owned)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_site_added_to_a_list_goes_back_unless_the_package_says_all_of_it(version):
    kept = {
        "dashboards": "dashboardItems",
        "dataElementGroups": "dataElements",
        "indicatorGroups": "indicators",
        "programIndicatorGroups": "programIndicators",
        "programs": "notificationTemplates",
        "programStages": "notificationTemplates",
        "userRoles": "authorities",
    }
    whole = {"legendSets": "legends", "maps": "mapViews", "programIndicators": "analyticsPeriodBoundaries"}
    server, seen = ServerVersion.parse(f"{version}.0"), set()
    for kind, item, actual in round_trips(version):
        prop = kept.get(kind) or whole.get(kind)
        if prop is None or (kind, item["id"]) in seen:
            continue
        local = "F_LOCAL" if prop == "authorities" else {"id": "LocalEntry1"}
        grown = {**actual, prop: [*actual[prop], local]}
        added = {**item, prop: item.get(prop, [])}
        assert (local in merged(kind, added, grown)[prop]) == (kind in kept), kind
        assert [change.prop for change in changes(kind, added, grown, server)] == (
            [] if kind in kept else [f"{prop}[LocalEntry1]"]
        )
        seen.add(kind)
    assert seen == kept.keys() | whole.keys()


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_order_of_codes_and_periods_says_nothing_and_another_one_does(version):
    """As a Java set gives the codes back (``AttributeValueFilter.in``), and ``RelativePeriods`` the periods."""
    server = ServerVersion.parse(f"{version}.0")
    pairs = {kind: (item, actual) for kind, item, actual in round_trips(version)}
    for kind, prop, of in (
        (
            "trackedEntityInstanceFilters",
            "entityQueryCriteria",
            lambda codes: {"attributeValueFilters": [{"in": codes}]},
        ),
        ("visualizations", "rawPeriods", lambda codes: codes),
    ):
        item, actual = pairs[kind]
        said, there = {**item, prop: of(["NOT_STARTED", "DELAYED"])}, {**actual, prop: of(["DELAYED", "NOT_STARTED"])}
        assert changes(kind, said, there, server) == []
        other_one = {**actual, prop: of(["DELAYED", "ON_TRACK"])}
        compared_here = kind != "visualizations" or server.returns_raw_periods
        assert [one.prop for one in changes(kind, said, other_one, server)] == [prop] * compared_here


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_value_of_a_constant_is_the_sites_once_it_exists(version):
    server = ServerVersion.parse(f"{version}.0")
    [(item, actual)] = [(item, actual) for kind, item, actual in round_trips(version) if kind == "constants"]
    for set_by_site in (12.0, 0.0):
        there = {**actual, "value": set_by_site}
        assert changes("constants", item, there, server) == []
        assert merged("constants", {**item, "name": "Renamed"}, there)["value"] == set_by_site


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


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_translation_of_a_legend_that_the_site_wrote_is_kept(version):
    server = ServerVersion.parse(f"{version}.0")
    [(item, actual)] = [(item, actual) for kind, item, actual in round_trips(version) if kind == "legendSets"]
    said, there = copy.deepcopy(item), copy.deepcopy(actual)
    french = {"locale": "fr", "property": "NAME", "value": "Bas"}
    spanish = {"locale": "es", "property": "NAME", "value": "Bajo"}
    said["legends"][0]["translations"] = [{**french, "value": "Faible"}, spanish]
    next(one for one in there["legends"] if one["id"] == said["legends"][0]["id"])["translations"] = [french]
    [change] = changes("legendSets", said, there, server)
    assert (change.prop.split(".")[-1], change.new) == ("translations[es NAME]", "Bajo")
    assert merged("legendSets", said, there)["legends"][0]["translations"] == [french, spanish]
