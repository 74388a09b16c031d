"""From the real 0.1.0 to this version, with records there; what is given up goes, what records hold is protected."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path

import pytest

from tests.flow.test_uninstall import left, partnership
from tpi_dhis2.demo.units import ensure_units, units
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import StateChanged
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
from tpi_dhis2.provision.installed import read_installed
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.state import state

PROGRAM = package_fields().program
OLD = Path(__file__).parents[1] / "data" / "TPI_COMPLETE_0.1.0.json.gz"
#: The rule action that 0.1.0 had and 0.2.0 has not (metadata/removed.csv).
RETIRED = "IK9icx3mavW"


def first_version():
    return json.loads(gzip.decompress(OLD.read_bytes()))


def install(client, built, folder):
    return apply(client, built, make_plan(client, built), folder)


def without(built, kind, uid):
    """A package that has given an object up: it is left out wherever it is named."""

    def cut(value):
        if isinstance(value, dict):
            return {key: cut(each) for key, each in value.items()}
        if isinstance(value, list):
            return [cut(each) for each in value if not _names(each, uid)]
        return value

    return {"package": built["package"], **{k: cut(items) for k, items in built.items() if k != "package"}}


def _names(entry, uid):
    if not isinstance(entry, dict):
        return False
    refs = (value.get("id") for value in entry.values() if isinstance(value, dict))
    return entry.get("id") == uid or uid in refs


@pytest.fixture
def first(client, tmp_path):
    """A server with 0.1.0, units and a record."""
    ensure_units(client)
    old = first_version()
    install(client, old, tmp_path)
    codes = tuple(unit["code"] for unit in units())
    assign(client, plan_assignment(client, PROGRAM, Choice(units=codes)))
    return client


def test_0_1_0_with_records_becomes_this_version_and_nothing_of_it_is_left_behind(first, tmp_path):
    partnership(first)
    assert read_installed(first).version == "0.1.0"
    built = bundle(first.version.short)
    plan = make_plan(first, built)
    assert state(plan).word == "older"
    assert [step.uid for step in plan.of("remove")] == [RETIRED]
    assert not plan.of("kept", "clash", "refused", "not ours")
    install(first, built, tmp_path)
    after = make_plan(first, built)
    assert after.is_empty
    assert state(after).word == "up to date"
    assert [run.version for run in read_installed(first).runs] == ["0.1.0", "0.2.0"]
    assert len(first.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id]"})["organisationUnits"]) == len(
        units()
    )
    page = first.get(
        "tracker/trackedEntities", {"program": PROGRAM, **first.version.within(None), "fields": "trackedEntity"}
    )
    assert len(page[first.version.entities_key]) == 1


def test_a_rule_and_a_chart_that_are_given_up_go_with_all_that_names_them(installed, ready, tmp_path):
    partnership(installed)
    built = bundle(installed.version.short)
    chart = built["visualizations"][0]["id"]
    indicator = built["programIndicators"][-1]["id"]
    later = without(without(built, "visualizations", chart), "programIndicators", indicator)
    plan = make_plan(installed, later)
    assert {step.uid for step in plan.of("remove")} == {chart, indicator}
    assert {"dashboards", "programIndicatorGroups"} <= {step.kind for step in plan.of("update")}
    install(installed, later, tmp_path)
    assert make_plan(installed, later).is_empty
    assert not {chart, indicator} & left(ready)


def test_a_field_that_is_given_up_stays_while_there_are_records(installed, ready, tmp_path):
    built, field = bundle(installed.version.short), package_fields().elements["area"].uid
    later = without(built, "dataElements", field)
    assert field in {step.uid for step in make_plan(installed, later).of("remove")}
    partnership(installed)
    plan = make_plan(installed, later)
    kept = {step.uid: step.reason for step in plan.of("kept")}
    assert "there are records" in kept[field]
    install(installed, later, tmp_path)
    assert make_plan(installed, later).is_empty
    stages = installed.get("programStages", {"fields": "programStageDataElements[dataElement[id]]", "paging": "false"})
    entries = [
        entry["dataElement"]["id"] for stage in stages["programStages"] for entry in stage["programStageDataElements"]
    ]
    assert field in entries


def test_a_field_that_is_given_up_goes_where_there_is_no_record(installed, ready, tmp_path):
    later = without(bundle(installed.version.short), "dataElements", package_fields().elements["area"].uid)
    gone = {step.uid for step in make_plan(installed, later).of("remove")}
    assert gone
    install(installed, later, tmp_path)
    assert make_plan(installed, later).is_empty
    assert not gone & left(ready)


@pytest.mark.parametrize(
    ("kind", "prop", "value"), [("dataElements", "valueType", "NUMBER"), ("options", "code", "OTHER_CODE")]
)
def test_what_records_hold_is_not_changed_under_them(installed, tmp_path, kind, prop, value):
    built = copy.deepcopy(bundle(installed.version.short))
    item = next(one for one in built[kind] if one.get(prop) and one.get("valueType") in (None, "TEXT", "LONG_TEXT"))
    item[prop] = value
    assert [step.uid for step in make_plan(installed, built).of("update")] == [item["id"]]
    partnership(installed)
    plan = make_plan(installed, built)
    [step] = plan.of("refused")
    assert f"{prop} of '{item['name']}' would become {value}" in step.reason
    with pytest.raises(StateChanged, match="there are records that would no longer fit") as caught:
        apply(installed, built, plan, tmp_path)
    assert "Maintenance app" in caught.value.advice
    assert state(plan).word != "up to date"


def test_a_field_moved_on_the_server_to_another_section_is_put_back_and_not_doubled(installed, tmp_path):
    built = bundle(installed.version.short)
    one, other = built["programStageSections"][:2]
    moved = one["dataElements"][-1]
    metadata = Metadata(installed)
    metadata.patch(
        "programStageSections",
        one["id"],
        [{"op": "replace", "path": "/dataElements", "value": one["dataElements"][:-1]}],
    )
    metadata.patch(
        "programStageSections",
        other["id"],
        [{"op": "replace", "path": "/dataElements", "value": [*other["dataElements"], moved]}],
    )
    assert {step.uid for step in make_plan(installed, built).of("update")} == {one["id"], other["id"]}
    install(installed, built, tmp_path)
    sections = installed.get("programStageSections", {"fields": "id,dataElements[id]", "paging": "false"})
    holding = [each["id"] for each in sections["programStageSections"] if moved in each["dataElements"]]
    assert holding == [one["id"]]


@pytest.mark.parametrize(("prop", "words"), [("code", "the code LOCAL"), ("name", "the name Of the site")])
def test_an_option_of_the_site_that_stands_in_the_way_of_a_new_one_of_ours_is_named(installed, prop, words):
    built = copy.deepcopy(bundle(installed.version.short))
    chosen = built["optionSets"][0]
    own = {"id": "SiteOption1", "code": "LOCAL", "name": "Of the site", "optionSet": {"id": chosen["id"]}}
    metadata = Metadata(installed)
    refs = [*chosen["options"], {"id": own["id"]}]
    metadata.commit({"options": [own], "optionSets": [{**chosen, "options": refs}]})
    assert make_plan(installed, built).is_empty
    later = {**own, "id": "OurOption01", "code": "NEWER", "name": "Newer", prop: own[prop]}
    built["options"].append(later)
    chosen["options"].append({"id": later["id"]})
    [step] = make_plan(installed, built).of("clash")
    assert words in step.reason
    assert "(SiteOption1)" in step.reason


def test_a_rule_of_the_site_is_shown_as_not_ours(installed):
    rule = {"id": "SiteRule001", "name": "Site - Water", "program": {"id": PROGRAM}, "condition": "true"}
    Metadata(installed).commit({"programRules": [rule]})
    plan = make_plan(installed, bundle(installed.version.short))
    assert [(step.kind, step.uid) for step in plan.of("not ours")] == [("programRules", "SiteRule001")]
    assert plan.is_empty
