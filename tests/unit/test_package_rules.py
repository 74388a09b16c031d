"""Rules: what the sources may say, what is built from it, and each fault of a rule that a server would store."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import metadata_copy
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.sources import load

Json = dict[str, Any]
Bundle = dict[str, Any]


@cache
def _built() -> Bundle:
    return bundle()


def rule(built: Bundle, name: str) -> Json:
    found: Json = next(item for item in built["programRules"] if item["name"] == f"TPI - {name}")
    return found


def actions(built: Bundle, name: str) -> list[Json]:
    mine = rule(built, name)["id"]
    return [item for item in built["programRuleActions"] if item["programRule"]["id"] == mine]


def element(built: Bundle, code: str) -> str:
    found: str = next(item["id"] for item in built["dataElements"] if item["code"] == code)
    return found


DEADLINE, UNIT = "Deadline before the planned start", "No unit of this system for a partner in another country"


def test_a_warning_is_built_with_its_guards_its_stage_its_variables_and_its_text() -> None:
    built = _built()
    made, (action,) = rule(built, DEADLINE), actions(built, DEADLINE)
    start, end = "#{PLANNED_START_CURR}", "#{PLANNED_END_CURR}"
    assert made["condition"] == f"d2:hasValue({start}) && d2:hasValue({end}) && (d2:daysBetween({start}, {end}) < 0)"
    assert (made["priority"], made["description"]) == (3, "The deadline is before the planned start.")
    stage = next(item for item in built["programStages"] if item["code"] == "TPI_S5_ACTIVITY")
    assert made["programStage"] == {"id": stage["id"]}
    assert made["programRuleActions"] == [{"id": action["id"]}]
    assert action["programRuleActionType"] == "SHOWWARNING"
    assert action["dataElement"] == {"id": element(built, "TPI_PLANNED_END")}
    assert action["content"] == "The deadline is before the planned start."
    assert {one["locale"] for one in action["translations"]} == {"fr", "pt"}
    variable = next(item for item in built["programRuleVariables"] if item["name"] == "PLANNED_END_CURR")
    assert variable["programRuleVariableSourceType"] == "DATAELEMENT_CURRENT_EVENT"
    assert variable["dataElement"] == {"id": element(built, "TPI_PLANNED_END")}
    assert (variable["valueType"], variable["useCodeForOptionSet"]) == ("DATE", True)
    assert "translations" not in variable


def test_a_rule_of_the_profile_has_no_stage_and_acts_on_an_attribute() -> None:
    built = _built()
    made, (action,) = rule(built, UNIT), actions(built, UNIT)
    assert "programStage" not in made
    assert made["priority"] == 2
    assert "content" not in action
    assert action["trackedEntityAttribute"]["id"] in {item["id"] for item in built["trackedEntityAttributes"]}
    variable = next(item for item in built["programRuleVariables"] if item["name"] == "GEOGRAPHY_ATTR")
    assert variable["programRuleVariableSourceType"] == "TEI_ATTRIBUTE"


def test_nothing_that_is_hidden_holds_a_value() -> None:
    built = _built()
    names = {
        (item.get("dataElement") or item["trackedEntityAttribute"])["id"]: item["name"]
        for item in built["programRuleVariables"]
    }
    conditions = {item["id"]: item["condition"] for item in built["programRules"]}
    sections = {item["id"]: item["dataElements"] for item in built["programStageSections"]}
    hiding = [item for item in built["programRuleActions"] if item["programRuleActionType"].startswith("HIDE")]
    assert hiding
    for action in hiding:
        target = action.get("dataElement") or action.get("trackedEntityAttribute")
        for ref in [target] if target else sections[action["programStageSection"]["id"]]:
            condition = conditions[action["programRule"]["id"]]
            mark = "A" if "trackedEntityAttribute" in action else "#"
            assert f"!d2:hasValue({mark}{{{names[ref['id']]}}})" in condition


def test_nothing_is_refused_filled_in_or_sent_by_a_rule() -> None:
    kinds = {item["programRuleActionType"] for item in _built()["programRuleActions"]}
    assert kinds == {"HIDEFIELD", "HIDESECTION", "SHOWWARNING", "WARNINGONCOMPLETE"}


ONE = "  - {key: one, in: [activity], what: One, when: '#{spent} > 1', warn: {spent: Much}}"
MISTAKES = {
    "an unknown field": (ONE.replace("#{spent}", "#{spend}"), r"asks for #\{spend\}"),
    "a field of another stage": (ONE.replace("#{spent}", "#{value}"), r"asks for #\{value\}"),
    "an unknown attribute": (ONE.replace("#{spent}", "A{state}"), r"asks for A\{state\}"),
    "a field in a rule of the profile": (
        "  - {key: one, what: One, when: '#{spent} > 1', hide: [partner_unit]}", r"asks for #\{spent\}"),
    "an unknown stage": (ONE.replace("[activity]", "[activities]"), "for activities, which is no stage"),
    "a target of another stage": (ONE.replace("{spent: Much}", "{value: Much}"), "names value, which activity"),
    "a target that is no attribute": ("  - {key: one, what: One, hide: [spent]}", "names spent, which is no attribute"),
    "an unknown section": (
        "  - {key: one, in: [activity], what: One, hide_section: [money]}", "names money, which activity"),
    "nothing to do": ("  - {key: one, in: [activity], what: One, when: '#{spent} > 1'}", "needs just one of"),
    "two things to do": (ONE.replace("warn:", "hide: [spent], warn:"), "needs just one of"),
    "a warning always": ("  - {key: one, in: [activity], what: One, warn: {spent: Much}}", "has no condition"),
    "a key that stands twice": (f"{ONE}\n{ONE}", "rule one stands twice"),
    "an unknown action": (ONE.replace("warn:", "assign:"), "Extra inputs"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sources_is_named(tmp_path: Path, text: str, said: str) -> None:
    where = metadata_copy(tmp_path)
    (where / "rules.yaml").write_text(f"rules:\n{text}\n", "utf-8")
    with pytest.raises(SourceError, match=said):
        load(where)


def _put(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: rule(built, DEADLINE).__setitem__(prop, value)


def _put_action(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: actions(built, DEADLINE)[0].__setitem__(prop, value)


def _two_of_one_name(built: Bundle) -> None:
    built["programRules"].append({**copy.deepcopy(rule(built, DEADLINE)), "id": "abcdefghijk"})


def _elsewhere(built: Bundle) -> None:
    actions(built, DEADLINE)[0]["dataElement"]["id"] = element(built, "TPI_VALUE")


FAULTS: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "no condition": (_put("condition", " "), "has no condition"),
    "no action": (_put("programRuleActions", []), "has no action"),
    "no priority": (_put("priority", None), "has no priority"),
    "long description": (_put("description", "x" * 256), "description is longer than 255"),
    "unknown variable": (_put("condition", "#{NOBODY_CURR} > 1"), "asks for #{NOBODY_CURR}, which is no variable"),
    "attribute asked for as a field": (_put("condition", "#{PSTATUS_ATTR} == 'X'"), "no variable of that kind"),
    "field of another stage": (_put("condition", "#{DESIRED_CURR} > 1"), "which its form does not have"),
    "function of some versions": (_put("condition", "d2:inUserGroup('X')"), "uses d2:inUserGroup"),
    "variable of DHIS2 off the list": (_put("condition", "V{program_stage_name} == 'X'"), "uses V{program_stage_name}"),
    "double quotes": (_put("condition", '"a" == 1'), "a quote that is not single"),
    "open quote": (_put("condition", "'a == 1"), "open bracket or quote"),
    "open bracket": (_put("condition", "(1 == 1"), "open bracket or quote"),
    "two rules of one name": (_two_of_one_name, "stands 2 times"),
    "two variables of one name": (
        lambda b: b["programRuleVariables"][1].update(name=b["programRuleVariables"][0]["name"]), "stands 2 times"),
    "variable named like a word of conditions": (
        lambda b: b["programRuleVariables"][0].update(name="AND"), "'AND': is no legal name"),
    "variable with a dash": (
        lambda b: b["programRuleVariables"][0].update(name="MEASURE-CURR"), "is no legal name"),
    "action not listed on its rule": (_put("programRuleActions", [{"id": "abcdefghijk"}]), "keep it as an orphan"),
    "action without a rule": (_put_action("programRule", None), "keep it as an orphan"),
    "action with a template": (_put_action("templateUid", "abcdefghijk"), "refuse every later import"),
    "warning without words": (_put_action("content", " "), "SHOWWARNING says nothing"),
    "action without a target": (
        lambda b: actions(b, DEADLINE)[0].pop("dataElement"), "needs just one field, attribute or section"),
    "action on a field of another stage": (_elsewhere, "which the rule's form does not have"),
    "action of a kind that we do not use": (_put_action("programRuleActionType", "ASSIGN"), "ASSIGN is not used"),
    "warning that a language lacks": (
        lambda b: actions(b, DEADLINE)[0]["translations"].pop(), "CONTENT has no translation in pt"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_of_a_rule_is_found(plant: Callable[[Bundle], object], found: str) -> None:
    built = copy.deepcopy(_built())
    plant(built)
    findings = lint(built)
    assert any(found in finding for finding in findings), findings
