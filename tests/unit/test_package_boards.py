"""Boards and working lists: what is built from the sources, their mistakes, and faults that show people nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import edit, finds, metadata_copy, own_bundle
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.boards import attribute_key, data_item
from tpi_dhis2.package.build import DHIS2_VERSIONS
from tpi_dhis2.package.build_visualizations import switch
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load

Json = dict[str, Any]
Bundle = dict[str, Any]
VIS, LINES, MAPS, BOARDS = "visualizations", "eventVisualizations", "maps", "dashboards"
OF_TEI, OF_STAGE = "trackedEntityInstanceFilters", "programStageWorkingLists"


@cache
def _built(version: str = "2.42") -> Bundle:
    return bundle(version)


@cache
def _findings() -> list[str]:
    return lint(_built())


def find(built: Bundle, kind: str, code: str) -> Json:
    found: Json = next(item for item in built[kind] if item.get("code") == f"TPI_{code}")
    return found


def uid(built: Bundle, kind: str, code: str) -> str:
    return str(find(built, kind, code)["id"])


# What is built ---------------------------------------------------------------------------------------------------


def test_a_chart_holds_its_data_on_three_sides_with_a_title_that_has_no_prefix() -> None:
    made = find(_built(), VIS, "SIGNED_YEARS")
    assert (made["name"], made["title"]) == (f"TPI - {made['title']}", "Plan signed in time by year of start (%)")
    assert [made[f"{side}Dimensions"] for side in ("column", "row", "filter")] == [["dx"], ["pe"], ["ou"]]
    indicator = {"id": uid(_built(), "indicators", "TP08")}
    assert made["dataDimensionItems"] == [{"dataDimensionItemType": "INDICATOR", "indicator": indicator}]
    assert made["rawPeriods"] == ["LAST_5_YEARS", "THIS_YEAR"]
    # 2.41 reads only the switches.
    assert made["relativePeriods"] == {"last5Years": True, "thisYear": True}
    assert [switch(name) for name in ("LAST_12_MONTHS", "LAST_4_QUARTERS")] == ["last12Months", "last4Quarters"]
    assert made["userOrganisationUnit"] is True
    assert made["legend"]["set"] == {"id": uid(_built(), "legendSets", "PERCENT_HIGH")}
    assert made["legend"]["strategy"] == "FIXED"


def test_a_table_over_units_shows_those_below_and_each_figure_in_its_own_colours() -> None:
    made = find(_built(), VIS, "WORK")
    assert (made["userOrganisationUnit"], made["userOrganisationUnitChildren"]) == (True, True)
    assert (made["legend"]["strategy"], "set" in made["legend"]) == ("BY_DATA_ITEM", False)
    program_indicator = {"id": uid(_built(), "programIndicators", "TP12_PLANNED")}
    first = {"dataDimensionItemType": "PROGRAM_INDICATOR", "programIndicator": program_indicator}
    assert made["dataDimensionItems"][0] == first


def test_a_single_value_has_no_rows_and_empty_lines_are_hidden_as_its_type_wants_it() -> None:
    assert find(_built(), VIS, "ACTIVE")["rowDimensions"] == []
    table, chart = (find(_built(), VIS, code) for code in ("CHANGE", "STALLED_UNITS"))
    assert (table["hideEmptyRows"], "hideEmptyRowItems" in table) == (True, False)
    assert (chart["hideEmptyRowItems"], "hideEmptyRows" in chart) == ("ALL", False)


def test_open_activities_are_those_of_running_cycles_the_nearest_deadline_first() -> None:
    built, made = _built(), find(_built(), LINES, "OPEN_ACTIVITIES")
    stage, status, deadline = (
        uid(built, kind, code)
        for kind, code in (
            ("programStages", "S5_ACTIVITY"),
            ("dataElements", "ACTIVITY_STATUS"),
            ("dataElements", "DEADLINE"),
        )
    )
    assert (made["outputType"], made["programStage"]) == ("EVENT", {"id": stage})
    filters = {entry["dataElement"]["id"]: entry.get("filter") for entry in made["dataElementDimensions"]}
    assert {key: value for key, value in filters.items() if value} == {status: "IN:NOT_STARTED;ON_TRACK;DELAYED"}
    assert all(entry["programStage"] == {"id": stage} for entry in made["dataElementDimensions"])
    assert made["sorting"] == [{"dimension": f"{stage}.{deadline}", "direction": "ASC"}]
    assert made["filterDimensions"] == ["programStatus"]
    assert {"parent": "FILTER", "dimension": "programStatus", "values": ["ACTIVE"]} in made["simpleDimensions"]
    dates = {"parent": "COLUMN", "dimension": "eventDate", "values": ["LAST_5_YEARS", "THIS_YEAR"]}
    assert dates in made["simpleDimensions"]
    assert made["columnDimensions"][0] == uid(built, "trackedEntityAttributes", "NAME")


def test_a_list_of_partnerships_has_no_stage_and_sorts_by_an_attribute() -> None:
    made, action = find(_built(), LINES, "PARTNERSHIP_LIST"), uid(_built(), "trackedEntityAttributes", "LAST_ACTION")
    assert (made["outputType"], "programStage" in made) == ("ENROLLMENT", False)
    assert made["sorting"] == [{"dimension": action, "direction": "ASC"}]
    assert "enrollmentDate" in made["columnDimensions"]
    state = uid(_built(), "trackedEntityAttributes", "PSTATUS")
    assert {"attribute": {"id": state}, "filter": "IN:ACTIVE;PAUSED"} in made["attributeDimensions"]


def test_the_newest_stands_first_where_the_sources_say_so() -> None:
    made = find(_built(), LINES, "MEASUREMENT_LIST")
    assert made["sorting"] == [{"dimension": "eventDate", "direction": "DESC"}]


def test_a_list_of_cycles_names_a_stage_that_a_cycle_has_once_on_2_40() -> None:
    """A 2.40 deletes no stage of the whole server while a line list names none (E4060)."""
    new, old = (find(_built(version), LINES, "REVIEW_LIST") for version in ("2.41", "2.40"))
    assert (new["outputType"], "programStage" in new) == ("ENROLLMENT", False)
    assert (old["outputType"], old["programStage"]) == ("EVENT", {"id": uid(_built(), "programStages", "S1_AGREEMENT")})
    assert old["columnDimensions"][-1] == "eventDate"
    assert all("programStage" in one for one in _built("2.40")[LINES])


def test_a_map_carries_its_data_in_the_shape_that_is_stored_and_2_40_gets_a_table_in_its_place() -> None:
    """FINDINGS 1.13: 2.40 refuses a layer with data; with columns, rows and filters it stores an empty layer."""
    (view,) = find(_built(), MAPS, "HOST_UNITS")["mapViews"]
    shown = {"id": uid(_built(), "programIndicators", "TP01_ACTIVE")}
    assert view["dataDimensionItems"] == [{"dataDimensionItemType": "PROGRAM_INDICATOR", "programIndicator": shown}]
    assert (view["rawPeriods"], view["userOrganisationUnitGrandChildren"]) == (["THIS_YEAR"], True)
    assert not {"columns", "rows", "filters"} & view.keys()
    assert MAPS not in _built("2.40")
    items = {version: find(_built(version), BOARDS, "NATIONAL")["dashboardItems"] for version in ("2.40", "2.41")}
    differing = [(old, new) for old, new in zip(items["2.40"], items["2.41"], strict=True) if old != new]
    ((old, new),) = differing
    assert (old["type"], old["visualization"]) == ("VISUALIZATION", {"id": uid(_built(), VIS, "BY_UNIT")})
    assert (new["type"], new["map"]) == ("MAP", {"id": uid(_built(), MAPS, "HOST_UNITS")})
    assert (old["id"], old["x"], old["y"]) == (new["id"], new["x"], new["y"])


def test_a_dashboard_lays_its_rows_below_each_other_and_the_items_of_a_row_side_by_side() -> None:
    items = find(_built(), BOARDS, "FACILITY")["dashboardItems"]
    text, *values = items[:4]
    assert (text["type"], text["x"], text["y"], text["width"]) == ("TEXT", 0, 0, 60)
    assert [(item["x"], item["y"], item["width"]) for item in values] == [(x, text["height"], 20) for x in (0, 20, 40)]
    assert items[4]["y"] == text["height"] + values[0]["height"]


def test_the_texts_of_a_dashboard_are_translated_for_the_versions_that_can() -> None:
    text = find(_built(), BOARDS, "FACILITY")["dashboardItems"][0]
    assert {(one["locale"], one["property"]) for one in text["translations"]} == {("fr", "TEXT"), ("pt", "TEXT")}
    # Servers ask for the translation of a title by this key, in small letters, and for all others in capitals.
    title = find(_built(), VIS, "ACTIVE")["translations"]
    assert {one["property"] for one in title} == {"NAME", "DESCRIPTION", "title"}


def test_only_the_groups_of_the_package_see_the_dashboards() -> None:
    built = _built()
    for item in built[BOARDS]:
        access = {group["access"] for group in item["sharing"]["userGroups"].values()}
        assert (item["sharing"]["public"], access) == ("--------", {"r-------", "rw------"})
    assert {item["sharing"]["public"] for kind in (VIS, LINES, MAPS) for item in built[kind]} == {"r-------"}


def test_overdue_activities_are_asked_for_by_days_that_move_with_today() -> None:
    built, made = _built(), find(_built(), OF_STAGE, "OVERDUE_ACTIVITIES")
    criteria = made["programStageQueryCriteria"]
    days = {"type": "RELATIVE", "startBuffer": -3650, "endBuffer": 0}
    assert {"dataItem": uid(built, "dataElements", "DEADLINE"), "dateFilter": days} in criteria["dataFilters"]
    state = {"attribute": uid(built, "trackedEntityAttributes", "PSTATUS"), "in": ["ACTIVE"]}
    assert criteria["attributeValueFilters"] == [state]
    assert (criteria["enrollmentStatus"], criteria["order"]) == (
        "ACTIVE",
        f"{uid(built, 'dataElements', 'DEADLINE')}:asc",
    )


def test_the_other_ways_of_asking_are_built_as_the_app_reads_them() -> None:
    built = _built()
    arms = find(built, OF_STAGE, "ONE_ARM")["programStageQueryCriteria"]["dataFilters"]
    assert arms == [{"dataItem": uid(built, "dataElements", "FUNCTIONING_ARMS"), "le": "1"}]
    planned = find(built, OF_STAGE, "PLANNED_CONTACTS")["programStageQueryCriteria"]
    assert (planned["eventStatus"], planned["eventScheduledAt"]["endBuffer"]) == ("SCHEDULE", 14)
    stalled = find(built, OF_TEI, "STALLED_PARTNERSHIPS")["entityQueryCriteria"]
    assert stalled["order"] == f"{uid(built, 'trackedEntityAttributes', 'LAST_ACTION')}:asc"
    assert "dataFilters" not in stalled
    assert [item["sortOrder"] for item in built[OF_TEI]] == [1, 2, 3]


@pytest.mark.parametrize(
    "code", ["TP01", "TP04", "TP08", "TP13", "TP15", "TP19", "TP22", "TP26", "TP27", "TP31", "TP36"]
)
def test_the_national_dashboard_shows_what_the_domain_page_asks_for(code: str) -> None:
    built = _built()
    codes = {item["id"]: item["code"] for kind in ("programIndicators", "indicators") for item in built[kind]}
    items = find(built, BOARDS, "NATIONAL")["dashboardItems"]
    shown = {item["visualization"]["id"] for item in items if "visualization" in item}
    data = [entry for item in built[VIS] if item["id"] in shown for entry in item["dataDimensionItems"]]
    named = {codes[(entry.get("programIndicator") or entry.get("indicator"))["id"]] for entry in data}
    assert any(re.match(rf"TPI_{code}(_|$)", name) for name in named)


def test_a_key_says_of_what_type_its_object_is() -> None:
    assert data_item("tp05") == ("indicators", "TPI_TP05")
    assert data_item("tp05_agreement") == ("programIndicators", "TPI_TP05_AGREEMENT")
    assert (attribute_key("A{name}"), attribute_key("name")) == ("name", None)


# Mistakes of the sources -----------------------------------------------------------------------------------------

ONE = "{key: active, type: SINGLE_VALUE, what: Active partnerships,"
LIST = "{key: no_plan, what: No plan yet, only:"
MISTAKES = {
    "an unknown type": ("dashboards.yaml", ONE, ONE.replace("SINGLE_VALUE", "PIE"), "Input should be"),
    "a fixed period": ("dashboards.yaml", ONE, f"{ONE} periods: ['2026'],", "Input should be"),
    "no data": ("dashboards.yaml", f"{ONE} data: [tp01_active]", f"{ONE} data: []", "at least 1 item"),
    "a unit of its own": ("dashboards.yaml", ONE, f"{ONE} units: [ImspTQPwCqd],", "Input should be"),
    "a single value with rows": ("dashboards.yaml", ONE, f"{ONE} rows: pe,", "active needs two sides"),
    "a table of one side": (
        "dashboards.yaml", ONE, ONE.replace("SINGLE_VALUE", "PIVOT_TABLE"), "active needs two sides"),
    "a key twice": ("dashboards.yaml", "{key: stalled,", "{key: active,", "active stands 2 times"),
    "an item that is not there": (
        "dashboards.yaml", "items: [overdue, active, stalled]", "items: [late]", "facility shows late"),
    "an item twice": (
        "dashboards.yaml", "items: [overdue, active, stalled]", "items: [active, active]", "shows active 2 times"),
    "a row of text and items": (
        "dashboards.yaml", "items: [overdue, active, stalled]", "items: [active], text: A", "a text or items"),
    "a filter that is no column": (
        "dashboards.yaml", "only: {activity_status: [NOT", "only: {payer: [NOT", "sorts by payer, which is no column"),
    "an order that is no column": (
        "dashboards.yaml", "sort: deadline, running", "sort: payer, running", "sorts by payer, which is no column"),
    "a map without a stand-in": (
        "dashboards.yaml", "instead: by_unit", "instead: nothing", "which is no visualization"),
    "a line list of no stage": (
        "dashboards.yaml", "stage: impact", "stage: impacts", "is of impacts, which is no stage"),
    "a working list of no stage": ("worklists.yaml", "stage: plan,", "stage: plans,", "is of plans, which is no stage"),
    "an unknown way of asking": ("worklists.yaml", LIST, LIST.replace("only:", "missing:"), "Extra inputs"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sources_is_named(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    where = metadata_copy(tmp_path)
    edit(where / name, old, new)
    with pytest.raises(SourceError, match=said):
        load(where)


# Faults of a bundle ----------------------------------------------------------------------------------------------


def put(kind: str, code: str, prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: find(built, kind, code).__setitem__(prop, value)


def put_in_layer(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: find(built, MAPS, "HOST_UNITS")["mapViews"][0].__setitem__(prop, value)


def put_in_item(place: int, **values: object) -> Callable[[Bundle], object]:
    return lambda built: find(built, BOARDS, "FACILITY")["dashboardItems"][place].update(values)


def ask(kind: str, code: str, prop: str, value: object) -> Callable[[Bundle], object]:
    criteria = "entityQueryCriteria" if kind == OF_TEI else "programStageQueryCriteria"
    return lambda built: find(built, kind, code)[criteria].__setitem__(prop, value)


def ask_for_days(**days: object) -> Callable[[Bundle], object]:
    def plant(built: Bundle) -> None:
        filters = find(built, OF_TEI, "REVIEW_DUE")["entityQueryCriteria"]["attributeValueFilters"]
        next(entry for entry in filters if "dateFilter" in entry)["dateFilter"].update(days)

    return plant


def ask_of(code: str, **condition: object) -> Callable[[Bundle], object]:
    """A list of activities that asks one thing only, of a field or attribute."""

    def plant(built: Bundle) -> None:
        criteria = find(built, OF_STAGE, "OVERDUE_ACTIVITIES")["programStageQueryCriteria"]
        criteria["dataFilters"] = [{"dataItem": uid(built, "dataElements", code), **condition}]

    return plant


def show_elsewhere(built: Bundle) -> None:
    list_ = find(built, LINES, "OPEN_ACTIVITIES")
    foreign = uid(built, "dataElements", "SPREAD_LEVEL")
    list_["columnDimensions"].append(foreign)
    list_["dataElementDimensions"].append({"dataElement": {"id": foreign}, "programStage": list_["programStage"]})


FOREIGN = {"id": "abcdefghijk"}
FAULTS: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "a chart of nothing": (put(VIS, "STEPS", "dataDimensionItems", []), "by step': shows no data"),
    "no description": (put(VIS, "STEPS", "description", " "), "by step': has no description"),
    "no code": (lambda b: find(b, VIS, "STEPS").pop("code"), "by step': has no code"),
    "a long title": (put(VIS, "STEPS", "title", "x" * 256), "title is longer than 255"),
    "a long subtitle": (put(VIS, "STEPS", "subtitle", "x" * 256), "subtitle is longer than 255"),
    "a side twice": (put(VIS, "STEPS", "rowDimensions", ["pe"]), "once each on its sides, and has pe, pe, ou"),
    "a side too few": (put(VIS, "STEPS", "filterDimensions", []), "once each on its sides, and has pe, dx"),
    "no period": (put(VIS, "STEPS", "rawPeriods", []), "needs relative periods of every version, and has none"),
    "a fixed period": (put(VIS, "STEPS", "rawPeriods", ["2026"]), "of every version, and has 2026"),
    "periods that 2.41 does not read": (put(VIS, "STEPS", "relativePeriods", {}), "names its periods in one way only"),
    "periods that only 2.41 reads": (
        put(VIS, "STEPS", "relativePeriods", {"thisYear": True, "lastYear": True}),
        "names its periods in one way only"),
    "a fixed period of another kind": (put(VIS, "STEPS", "periods", [{"id": "2026"}]), "has periods, which are those"),
    "a stock over twelve months": (
        put(VIS, "BY_UNIT", "rawPeriods", ["LAST_12_MONTHS"]), "a stock would be counted several times"),
    "a stock at the end of each quarter": (
        lambda b: find(b, VIS, "STEPS").update(rawPeriods=["LAST_4_QUARTERS"]),
        "shows TPI_TP02_STEP1 over several periods"),
    "a share of a stock year by year": (
        lambda b: find(b, VIS, "TARGETS_MET").update(rawPeriods=["LAST_YEAR", "THIS_YEAR"]),
        "shows TPI_TP19 over several periods"),
    "a stock over two years": (
        put(VIS, "BY_UNIT", "rawPeriods", ["LAST_YEAR", "THIS_YEAR"]), "a stock would be counted several times"),
    "units of one site": (put(VIS, "STEPS", "organisationUnits", [FOREIGN]), "has organisationUnits, which are those"),
    "a level of one site": (put(VIS, "STEPS", "organisationUnitLevels", [3]), "has organisationUnitLevels"),
    "no units": (put(VIS, "STEPS", "userOrganisationUnit", False), "needs the units of whoever looks"),
    "a user": (put(VIS, "STEPS", "createdBy", FOREIGN), "names users in createdBy"),
    "a user who follows it": (put(MAPS, "HOST_UNITS", "subscribers", ["abcdefghijk"]), "names users in subscribers"),
    "a chart on no dashboard": (
        lambda b: b[VIS].append({**find(b, VIS, "STEPS"), "id": "abcdefghijk", "code": "TPI_OTHER"}),
        "stands on no dashboard"),
    "a line list on no dashboard": (
        lambda b: b[LINES].append({**find(b, LINES, "EVALUATION_LIST"), "id": "abcdefghijk", "code": "TPI_OTHER"}),
        "stands on no dashboard"),
    "a column of another stage": (show_elsewhere, "which its form does not have"),
    "a column that nothing describes": (
        lambda b: find(b, LINES, "OPEN_ACTIVITIES")["columnDimensions"].append("abcdefghijk"),
        "its columns are not just"),
    "a field that is no column": (
        lambda b: find(b, LINES, "OPEN_ACTIVITIES")["columnDimensions"].pop(1), "its columns are not just"),
    "a line list without a date": (
        put(LINES, "TARGET_LIST", "simpleDimensions", []), "needs eventDate among its columns"),
    "cycles without a date": (
        put(LINES, "REVIEW_LIST", "simpleDimensions", []), "needs enrollmentDate among its columns"),
    "a line list of one year": (
        lambda b: find(b, LINES, "TARGET_LIST")["simpleDimensions"][0].update(values=["2026"]), "and has 2026"),
    "a line list of another program": (put(LINES, "TARGET_LIST", "program", FOREIGN), "is of no program of the bundle"),
    "a line list of no units": (put(LINES, "TARGET_LIST", "userOrganisationUnit", False), "needs the units of whoever"),
    "a code that a field cannot have": (
        lambda b: next(e for e in find(b, LINES, "OPEN_ACTIVITIES")["dataElementDimensions"] if "filter" in e).update(
            filter="IN:ON_TRACK;LATE"), "for LATE, which it cannot be"),
    "an order that is no column": (
        put(LINES, "TARGET_LIST", "sorting", [{"dimension": "abc.def", "direction": "ASC"}]), "is sorted by abc.def"),
    "finding 1.13: columns in a layer": (put_in_layer("columns", [{"dimension": "dx"}]), "has columns in a layer"),
    "finding 1.13: rows in a layer": (put_in_layer("rows", [{"dimension": "ou"}]), "has rows in a layer"),
    "finding 1.13: filters in a layer": (put_in_layer("filters", [{"dimension": "pe"}]), "has filters in a layer"),
    "finding 1.13: a map for 2.40": (
        lambda b: b["package"].update(DHIS2Version="2.40"), "2.40 refuses a map with data"),
    "a list of cycles for 2.40": (
        lambda b: (b["package"].update(DHIS2Version="2.40"), find(b, LINES, "REVIEW_LIST").pop("programStage", None)),
        "2.40 deletes no stage while a line list names none"),
    "a layer of nothing": (put_in_layer("dataDimensionItems", []), "on the map': shows no data"),
    "a layer at a level": (put_in_layer("organisationUnitLevels", [3]), "on the map': has organisationUnitLevels"),
    "a layer of one year": (put_in_layer("rawPeriods", ["2026"]), "on the map': needs relative periods"),
    "a map without a layer": (put(MAPS, "HOST_UNITS", "mapViews", []), "has no layer"),
    "a dashboard of nothing": (put(BOARDS, "FACILITY", "dashboardItems", []), "01 Facility': shows nothing"),
    "a dashboard of words": (
        lambda b: find(b, BOARDS, "FACILITY").update(dashboardItems=find(b, BOARDS, "FACILITY")["dashboardItems"][:1]),
        "01 Facility': shows nothing"),
    "an item of another bundle": (put_in_item(1, visualization=FOREIGN), "shows nothing of the bundle"),
    "an item of another type": (put_in_item(1, type="MAP"), "shows nothing of the bundle"),
    "an item of a type not used": (put_in_item(1, type="MESSAGES"), "is a MESSAGES, which is not used"),
    "an item past the last column": (put_in_item(3, width=21), "lies outside the 60 columns"),
    "an item left of the first column": (put_in_item(1, x=-1), "lies outside the 60 columns"),
    "an item without a height": (put_in_item(1, height=0), "lies outside the 60 columns"),
    "items over each other": (put_in_item(1, width=21), "lie over each other"),
    "an empty heading": (put_in_item(0, text=" "), "says nothing"),
    "a heading that a language lacks": (put_in_item(0, translations=[]), "TEXT has no translation in fr"),
    "a long description of a list": (put(OF_TEI, "REVIEW_DUE", "description", "x" * 256), "longer than 255"),
    "a list of another program": (put(OF_TEI, "REVIEW_DUE", "program", FOREIGN), "due': is of no program"),
    "a list of another stage": (put(OF_STAGE, "ONE_ARM", "programStage", FOREIGN), "is of no stage of the bundle"),
    "what Capture does not read": (
        ask(OF_TEI, "REVIEW_DUE", "eventStatus", "OVERDUE"), "asks for eventStatus, which Capture does not read"),
    "a unit of one site in a list": (ask(OF_STAGE, "ONE_ARM", "orgUnit", "abcdefghijk"), "names a unit"),
    "a user in a list": (ask(OF_STAGE, "ONE_ARM", "assignedUsers", ["abcdefghijk"]), "names users in assignedUsers"),
    "an attribute of another program": (
        ask(OF_TEI, "REVIEW_DUE", "attributeValueFilters", [{"attribute": "abcdefghijk", "in": ["A"]}]),
        "asks for abcdefghijk, which is no attribute"),
    "a field of another stage": (ask_of("SPREAD_LEVEL", **{"in": ["LOCAL"]}), "which is no field of its stage"),
    "a column of another form": (
        ask(OF_STAGE, "ONE_ARM", "displayColumnOrder", ["abcdefghijk"]), "shows or sorts by abcdefghijk"),
    "an order by another field": (
        ask(OF_STAGE, "ONE_ARM", "order", "abcdefghijk:asc"), "shows or sorts by abcdefghijk"),
    "a code that a list cannot find": (ask_of("ACTIVITY_STATUS", **{"in": ["LATE"]}), "for LATE, which it cannot be"),
    "yes and no in other words": (ask_of("AGREEMENT_SIGNED", **{"in": ["no"]}), "for no, which it cannot be"),
    "a missing value": (ask_of("ACTUAL_END", null=True), "for null, which some version or Capture drops"),
    "a date by its own value": (ask_of("ACTUAL_END", lt="2026-01-01"), "for lt, which some version or Capture drops"),
    "a number just below": (ask_of("SPENT", lt="5"), "for lt, which some version or Capture drops"),
    "a number by choice": (ask_of("SPENT", **{"in": ["5"]}), "for in, which some version or Capture drops"),
    "a choice by its beginning": (
        ask_of("ACTIVITY_STATUS", like="ON"), "for like, which some version or Capture drops"),
    "a filter that asks nothing": (ask_of("SPENT"), "for nothing, which some version or Capture drops"),
    "days long ago": (ask_for_days(endBuffer=-90), "wholly before or after today"),
    "days still to come": (ask_for_days(startBuffer=1), "wholly before or after today"),
    "fixed days": (ask_for_days(type="ABSOLUTE"), "a date that does not move with today"),
    "planned days to come": (
        ask(OF_STAGE, "PLANNED_CONTACTS", "eventScheduledAt", {"type": "RELATIVE", "startBuffer": 1, "endBuffer": 9}),
        "wholly before or after today"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(plant: Callable[[Bundle], object], found: str) -> None:
    assert not any(found in finding for finding in _findings())
    built = own_bundle()
    plant(built)
    assert finds(built, found, "lint_boards", "lint_line_lists", "lint_dashboards", "lint_worklists"), lint(built)


def test_what_is_just_within_its_limits_is_no_fault() -> None:
    built = own_bundle()
    find(built, VIS, "STEPS").update(title="x" * 255, subtitle="x" * 255)
    find(built, OF_TEI, "REVIEW_DUE")["description"] = "x" * 255
    ask_for_days(startBuffer=0, endBuffer=0)(built)
    new = set(lint(built)) - set(_findings())
    # The subtitle that nobody translated is the only thing to say.
    assert new <= {text for text in new if "SUBTITLE" in text}


@pytest.mark.parametrize("version", DHIS2_VERSIONS)
def test_a_bundle_of_every_version_has_no_finding_on_its_boards(version: str) -> None:
    kinds = (VIS, LINES, MAPS, BOARDS, OF_TEI, OF_STAGE)
    assert [finding for finding in lint(_built(version)) if finding.startswith(kinds)] == []
