"""Indicators: what the sources may say, what is built from it, and each fault that a server would store."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import edit, finds, metadata_copy, own_bundle
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.build import Builder
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load
from tpi_dhis2.package.uids import Uids

Json = dict[str, Any]
Bundle = dict[str, Any]
START, END = "AFTER_START_OF_REPORTING_PERIOD", "BEFORE_END_OF_REPORTING_PERIOD"


@cache
def _built() -> Bundle:
    return bundle()


def find(built: Bundle, kind: str, code: str) -> Json:
    found: Json = next(item for item in built[kind] if item.get("code") == f"TPI_{code}")
    return found


def indicator(built: Bundle, code: str) -> Json:
    return find(built, "programIndicators", code)


def field(built: Bundle, stage: str, code: str) -> str:
    return f"#{{{find(built, 'programStages', stage)['id']}.{find(built, 'dataElements', code)['id']}}}"


def limits(item: Json) -> list[tuple[str, str]]:
    return [(one["boundaryTarget"], one["analyticsPeriodBoundaryType"]) for one in item["analyticsPeriodBoundaries"]]


def test_records_are_counted_by_a_filter_on_their_stage_and_their_text() -> None:
    built = _built()
    made, stage = indicator(built, "TP10_ACT_NOW"), find(built, "programStages", "S3_PRIORITY")["id"]
    decision = field(built, "S3_PRIORITY", "DECISION")
    assert made["filter"] == f"V{{program_stage_id}} == '{stage}' && ({decision} == 'ACT_NOW')"
    assert (made["analyticsType"], made["expression"], made["aggregationType"]) == ("EVENT", "V{event_count}", "COUNT")
    assert limits(made) == [("EVENT_DATE", START), ("EVENT_DATE", END)]
    assert made["program"] == {"id": built["programs"][0]["id"]}
    assert (made["displayInForm"], made["decimals"]) == (False, 0)
    assert {one["property"] for one in made["translations"]} == {"NAME", "SHORT_NAME", "DESCRIPTION"}


def test_an_average_asks_for_the_value_that_it_averages() -> None:
    built = _built()
    made, value = indicator(built, "TP26_SCORE"), field(built, "S6_IMPACT", "FUNCTIONING_SCORE")
    assert (made["expression"], made["aggregationType"], made["decimals"]) == (value, "AVERAGE", 1)
    assert made["filter"].endswith(f" && d2:hasValue({value})")
    assert made["legendSets"] == [{"id": find(built, "legendSets", "FUNCTIONING")["id"]}]


def test_cycles_are_counted_by_the_date_they_began_or_by_the_date_of_a_record() -> None:
    built = _built()
    plan = find(built, "programStages", "S4_PLAN")["id"]
    assert limits(indicator(built, "TP01_ACTIVE")) == [("ENROLLMENT_DATE", END)]
    assert limits(indicator(built, "TP03_NEW")) == [("ENROLLMENT_DATE", START), ("ENROLLMENT_DATE", END)]
    assert limits(indicator(built, "TP07_DAYS")) == [(f"PS_EVENTDATE:{plan}", START), (f"PS_EVENTDATE:{plan}", END)]
    assert limits(indicator(built, "TP12_PLANNED")) == [("EVENT_DATE", END)]
    made = indicator(built, "TP03_NEW")
    assert (made["analyticsType"], made["expression"]) == ("ENROLLMENT", "V{enrollment_count}")
    assert "filter" not in made


def test_constants_and_attributes_stand_in_filters_by_their_uid() -> None:
    built = _built()
    stalled, last = find(built, "constants", "STALLED_DAYS"), find(built, "trackedEntityAttributes", "LAST_ACTION")
    assert f"d2:daysBetween(A{{{last['id']}}}, V{{current_date}}) > C{{{stalled['id']}}}" in indicator(
        built, "TP09_STALLED")["filter"]  # fmt: skip
    assert (stalled["value"], find(built, "constants", "PLAN_MONTHS")["value"]) == (90, 6)


def test_a_family_is_one_indicator_a_member_each_with_a_uid_of_its_own() -> None:
    built = _built()
    made = [item for item in built["programIndicators"] if item["code"].startswith("TPI_TP22_")]
    codes = [option["code"] for option in built["options"] if option["optionSet"]["id"] == find(
        built, "optionSets", "MEASURE")["id"]]  # fmt: skip
    assert [item["code"].removeprefix("TPI_TP22_") for item in made] == [code for code in codes if code != "OTHER"]
    assert indicator(built, "TP02_STEP5")["filter"].endswith("== '5_ACTION'")
    uids = [one["id"] for item in built["programIndicators"] for one in (item, *item["analyticsPeriodBoundaries"])]
    assert len(set(uids)) == len(uids)


def test_a_ratio_names_program_indicators_and_says_what_both_are() -> None:
    built = _built()
    made = find(built, "indicators", "TP13")
    assert made["numerator"] == f"I{{{indicator(built, 'TP13_COMPLETED')['id']}}}"
    assert made["denominator"] == f"I{{{indicator(built, 'TP12_PLANNED')['id']}}}"
    assert (made["numeratorDescription"], made["annualized"]) == ("Activities completed", False)
    types = {item["id"]: (item["name"], item["factor"], item["number"]) for item in built["indicatorTypes"]}
    assert types[made["indicatorType"]["id"]] == ("TPI - Percentage", 100, False)
    ratio = find(built, "indicators", "TP10")
    assert types[ratio["indicatorType"]["id"]] == ("TPI - Ratio", 1, False)
    assert not ratio["name"].endswith("(%)")
    properties = {one["property"] for one in made["translations"] if one["locale"] == "pt"}
    assert {"NUMERATOR_DESCRIPTION", "DENOMINATOR_DESCRIPTION"} <= properties


def test_every_percentage_says_so_in_its_name_and_nothing_else_does() -> None:
    built = _built()
    percentage = next(item["id"] for item in built["indicatorTypes"] if item["factor"] == 100)
    for item in built["indicators"]:
        assert item["name"].endswith(" (%)") == (item["indicatorType"]["id"] == percentage)
    assert not any("%" in item["name"] for item in built["programIndicators"])


def test_each_legend_is_translated_inside_its_set() -> None:
    low = find(_built(), "legendSets", "PERCENT_HIGH")["legends"][0]
    assert (low["startValue"], low["endValue"], low["name"]) == (0, 50, "Low")
    translated = [(one["locale"], one["value"]) for one in low["translations"]]
    assert translated == [("fr", "Niveau faible"), ("pt", "Nível baixo")]


def test_each_group_holds_its_indicators() -> None:
    built = _built()
    groups = {item["code"]: item["programIndicators"] for item in built["programIndicatorGroups"]}
    assert list(groups) == [f"TPI_{name}_INDICATORS" for name in ("PARTNERSHIP", "IMPROVEMENT", "SPREAD")]
    assert {"id": indicator(built, "TP31_LOCAL")["id"]} in groups["TPI_SPREAD_INDICATORS"]
    assert sum(map(len, groups.values())) == len(built["programIndicators"])
    assert [item["code"] for item in built["indicatorGroups"]] == list(groups)
    assert not any("shortName" in item for item in built["indicatorGroups"])  # servers do not give it back


NEW = "{key: tp03_new, of: cycles, when: began, group: partnership"
MISTAKES = {
    "a key that stands twice": ("key: tp01_active", "key: tp03_new", "tp03_new stands twice"),
    "an unknown group": (NEW, NEW.replace("partnership", "other"), "tp03_new is in the group other"),
    "an unknown legend": (NEW, f"{NEW}, legend: blue", "tp03_new has the legend blue"),
    "an unknown filter": (NEW, f"{NEW}, filter: '@blue'", "tp03_new names the filter @blue"),
    "cycles by the date of a record": (NEW, NEW.replace("began", "period"), "tp03_new: cycles have a date they began"),
    "records by the date a cycle began": ("of: contact, when: period, group", "of: contact, when: began, group",
                                          "tp29_contacts: cycles have a date"),
    "agreed without a stage": (NEW, NEW.replace("began", "agreed"), "belong together"),
    "a sum and an average": (NEW, f"{NEW}, sum: '1', average: '1'", "not several of them"),
    "an unknown word": (NEW, f"{NEW}, colour: blue", "Extra inputs"),
    "an indicator without a denominator": ('denominator: ["I{tp01_active}", Active partnerships]', "short: Written",
                                           "denominator: Field required"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sources_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    where = metadata_copy(tmp_path)
    edit(where / "indicators.yaml", old, new)
    with pytest.raises(SourceError, match=said):
        load(where)


UNKNOWN = {
    "a field of another stage": "#{activity.value} > 1",
    "an unknown stage": "#{activities.spent} > 1",
    "an unknown attribute": "A{state} == 'X'",
    "an unknown constant": "1 > C{months}",
    "an unknown program indicator": "I{tp99} > 1",
}


@pytest.mark.parametrize("condition", UNKNOWN.values(), ids=UNKNOWN)
def test_a_name_in_an_expression_that_is_not_there_is_told_when_it_is_built(tmp_path: Path, condition: str) -> None:
    where = metadata_copy(tmp_path)
    edit(where / "indicators.yaml", NEW, f'{NEW}, filter: "{condition}"')
    with pytest.raises(SourceError, match="tp03_new names"):
        Builder(load(where), Uids.read(where)).bundle()


PI = "TP10_ACT_NOW"


def _put(prop: str, value: object, code: str = PI) -> Callable[[Bundle], object]:
    return lambda built: indicator(built, code).__setitem__(prop, value)


def _write(prop: str, text: str, code: str = PI) -> Callable[[Bundle], object]:
    """An expression or filter with the fields of its stage put in: {spent}, {priority.decision}, {A.pstatus}."""
    stages = {"activity": "S5_ACTIVITY", "priority": "S3_PRIORITY", "target": "S4_TARGET", "needs": "S2_NEEDS"}

    def plant(built: Bundle) -> None:
        filled = text
        for kind, stage in stages.items():
            filled = filled.replace(
                f"@{kind}", f"V{{program_stage_id}} == '{find(built, 'programStages', stage)['id']}'"
            )
            for name in ("decision", "activity_status", "spent", "measure", "needs_end", "score_ipc", "long_result"):
                filled = filled.replace(f"<{kind}.{name}>", field(built, stage, name.upper()))
        state = find(built, "trackedEntityAttributes", "PSTATUS")["id"]
        indicator(built, code)[prop] = filled.replace("<pstatus>", f"A{{{state}}}")

    return plant


def _boundary(number: int, prop: str, value: str, code: str = PI) -> Callable[[Bundle], object]:
    return lambda built: indicator(built, code)["analyticsPeriodBoundaries"][number].__setitem__(prop, value)


def _ratio(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: find(built, "indicators", "TP13").__setitem__(prop, value)


def _legend(number: int, prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: find(built, "legendSets", "SCORE04")["legends"][number].__setitem__(prop, value)


FAULTS: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "finding 1.16: expression that nobody can read": (_put("expression", "#{x + ("), "expression cannot be read from"),
    "finding 1.16: filter with an open bracket": (_put("filter", "(1 == 1"), "filter ')' is missing"),
    "finding 1.16: field that is not there": (
        _write("filter", "@priority && #{abcdefghijk.abcdefghijk} == 'X'"), "which is not there"),
    "finding 1.16: attribute that is not there": (_write("filter", "@priority && A{abcdefghijk} == 'X'"), "not there"),
    "finding 1.16: constant that is not there": (_write("filter", "@priority && 1 > C{abcdefghijk}"), "not there"),
    "finding 1.16: function of no version": (_write("filter", "@priority && d2:twice(1) > 1"), "d2:twice is not on"),
    "finding 1.16: variable of no version": (_write("filter", "@priority && V{name} == 'X'"), "V{name} is not on"),
    "finding 1.16: no expression": (_put("expression", ""), "expression a value is missing"),
    "finding 1.16: bad numerator": (_ratio("numerator", "#{x + ("), "numerator cannot be read"),
    "finding 1.16: numerator of an unknown indicator": (_ratio("numerator", "I{abcdefghijk}"), "which is not there"),
    "finding 1.16: numerator with a field": (_ratio("numerator", "V{event_count}"), "which has no place here"),
    "finding 1.16: condition of a rule": (
        lambda b: b["programRules"][0].update(condition="1 == (2"), "condition ')' is missing before"),
    "finding 1.17: countIfValue of a text": (
        _write("expression", "d2:countIfValue(<priority.decision>, 'LATER')"), "d2:countIfValue is not on the list"),
    "finding 1.17: count in an event indicator": (
        _write("expression", "d2:count(<priority.decision>)"), "gives a wrong number in an indicator of type EVENT"),
    "finding 1.17: countIfCondition in an event indicator": (
        _write("expression", "d2:countIfCondition(<priority.decision>, '> 1')"), "wrong number in an indicator of"),
    "finding 1.18: event indicator without boundaries": (_put("analyticsPeriodBoundaries", []), "has no boundaries"),
    "start of the period alone": (
        lambda b: indicator(b, PI)["analyticsPeriodBoundaries"].pop(), "neither both ends of the period nor its end"),
    "boundary of an unknown kind": (_boundary(1, "analyticsPeriodBoundaryType", "NEVER"), "neither both ends"),
    "boundary without a UID": (_boundary(0, "id", ""), "a boundary has no UID"),
    "records by the date a cycle began": (_boundary(0, "boundaryTarget", "ENROLLMENT_DATE"), "not on one date"),
    "cycles by the date of records": (
        _boundary(0, "boundaryTarget", "EVENT_DATE", "TP01_ACTIVE"), "not on one date of its type"),
    "cycles by a stage that is not there": (
        _boundary(0, "boundaryTarget", "PS_EVENTDATE:abcdefghijk", "TP01_ACTIVE"), "not on one date of its type"),
    "average that counts empty as 0": (
        lambda b: indicator(b, "TP11_SCORE_IPC").update(filter=indicator(b, "TP11_PRIORITIES")["filter"].replace(
            find(b, "programStages", "S3_PRIORITY")["id"], find(b, "programStages", "S2_NEEDS")["id"])),
        "without d2:hasValue in its filter counts empty as 0"),
    "sum that asks for its value in one of two ways only": (
        _write("filter", "@activity && (d2:hasValue(<activity.spent>) || 1 == 1)", "TP17_SPENT"), "counts empty as 0"),
    "event indicator without its stage": (_write("filter", "<priority.decision> == 'LATER'"), "without the stage"),
    "event indicator of two stages": (_write("filter", "@priority && @needs"), "without the stage that it counts"),
    "event indicator with a field of another stage": (
        _write("filter", "@priority && <activity.activity_status> == 'DELAYED'"), "which events of its stage do not"),
    "state of the enrollment in an event indicator": (
        _write("filter", "@priority && V{enrollment_status} == 'ACTIVE'"), "V{enrollment_status} fails or counts"),
    "events counted in an enrollment indicator": (
        _put("expression", "V{event_count}", "TP01_ACTIVE"), "V{event_count} fails or counts something else"),
    "units counted in an enrollment indicator": (
        _put("expression", "V{org_unit_count}", "TP01_ACTIVE"), "V{org_unit_count} fails or counts something else"),
    "name of the stage": (
        _write("filter", "V{program_stage_name} == 'Priority'"), "V{program_stage_name} is not on the list"),
    "code that its option set does not have": (
        _write("filter", "@priority && <priority.decision> == 'ACT_SOON'"), "no code of its option set"),
    "code of an attribute that its option set does not have": (
        _write("filter", "@priority && <pstatus> == 'GONE'"), "no code of its option set"),
    "state that no enrollment has": (
        _put("filter", "V{enrollment_status} == 'OPEN'", "TP01_ACTIVE"), "OPEN is no state of an enrollment"),
    "filter that is a number": (_put("filter", "1 + 1", "TP01_ACTIVE"), "filter gives a number, not a boolean"),
    "filter that is a field": (_write("filter", "<target.long_result>", "TP01_ACTIVE"), "gives a text, not a boolean"),
    "expression that is a text": (_write("expression", "<priority.decision>"), "expression gives a text, not a number"),
    "expression that is a condition": (_put("expression", "1 == 1"), "expression gives a boolean, not a number"),
    "text and number compared": (_write("filter", "@priority && <priority.decision> == 1"), "a text with a number"),
    "dates compared with a sign": (
        _write("filter", "<needs.needs_end> == V{current_date}", "TP01_ACTIVE"), "has d2:daysBetween"),
    "days between texts": (
        _write("filter", "d2:daysBetween(<pstatus>, V{current_date}) > 1", "TP01_ACTIVE"), "takes a date, not a text"),
    "days of one date": (_put("filter", "d2:daysBetween(V{current_date}) > 1", "TP01_ACTIVE"), "takes 2 arguments"),
    "a value asked of no field": (_put("filter", "d2:hasValue(1)", "TP01_ACTIVE"), "d2:hasValue takes a field"),
    "sum of a condition": (_put("filter", "1 == 1 && 2", "TP01_ACTIVE"), "&& takes a boolean, not a number"),
    "empty field that is not something": (
        _write("filter", "@activity && <activity.activity_status> != 'CANCELLED'", "TP12_PLANNED"),
        "is true of an empty field on 2.42"),
    "empty number that is small": (
        _write("filter", "@activity && <activity.spent> < 10", "TP12_PLANNED"), "is true of an empty field on 2.42"),
    "value asked in cycles, where 2.43 always has one": (
        _write("filter", "d2:hasValue(<needs.score_ipc>)", "TP01_ACTIVE"), "is always true in cycles on 2.43"),
    "aggregation that nobody has tried": (_put("aggregationType", "LAST"), "EVENT with LAST is not used"),
    "indicator of no program": (_put("program", None), "has no program"),
    "no decimals": (_put("decimals", None), "does not say how many decimals"),
    "no description": (_put("description", ""), "has no description"),
    "I-MQ-3: percentage in a name": (_put("name", "TPI - Percentage of activities"), "says proportion or percentage"),
    "PI-MQ-3: proportion in a name": (_ratio("name", "TPI - Proportion"), "says proportion or percentage"),
    "DE-MQ-2: number of in a name": (_put("name", "TPI - Number of visits"), "says 'number of'"),
    "ALL-MQ-9: sign in a name": (_put("name", "TPI - Visits > 3"), "compares with a sign"),
    "ALL-MQ-10: range with spaces": (_put("name", "TPI - Score 0 - 4"), "has a range with spaces"),
    "ALL-MQ-17: no code": (_put("code", ""), "code '' is not made of"),
    "ALL-MQ-18: small code": (_ratio("code", "tpi_tp13"), "code 'tpi_tp13' is not made of"),
    "no numerator description": (_ratio("numeratorDescription", ""), "has no numeratorDescription"),
    "no denominator": (_ratio("denominator", ""), "has no denominator"),
    "no type": (_ratio("indicatorType", None), "has no indicatorType"),
    "group of one": (
        lambda b: b["indicatorGroups"][0].update(indicators=b["indicatorGroups"][0]["indicators"][:1]), "fewer than 2"),
    "indicator in no group": (
        lambda b: b["programIndicatorGroups"][0]["programIndicators"].pop(), "is in 0 groups, not in one"),
    "indicator in two groups": (
        lambda b: b["indicatorGroups"][0]["indicators"].append(b["indicatorGroups"][1]["indicators"][0]),
        "is in 2 groups, not in one"),
    "gap between legends": (_legend(1, "startValue", 1.5), "a gap between legends"),
    "overlap of legends": (_legend(1, "startValue", 0.5), "an overlap between legends"),
    "legend that ends before it starts": (_legend(3, "endValue", 2), "ends before it starts"),
    "legend without a UID": (_legend(0, "id", ""), "a legend has no UID or no name"),
    "legend that a language lacks": (_legend(0, "translations", []), "NAME has no translation in fr"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_of_an_indicator_is_found(plant: Callable[[Bundle], object], found: str) -> None:
    built = own_bundle()
    plant(built)
    assert finds(built, found, "lint_indicators"), lint(built)
