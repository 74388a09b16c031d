"""Rules: what the sources may say, what is built from it, and each fault of a rule that a server would store."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import finds, metadata_copy, own_bundle
from tpi_dhis2.domain.measures import CORE_DIRECTIONS, CORE_FACTORS, HIGHER, LOWER
from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.lint import lint
from tpi_dhis2.package.release import bundle
from tpi_dhis2.package.rules import ACTIONS, RuleSource
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
DEADLINE_KEPT = "The first deadline counts while there is no other"


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


def test_a_value_is_filled_in_before_anything_is_hidden_or_said() -> None:
    built = _built()
    kinds = {item["id"]: item["programRuleActionType"] for item in built["programRuleActions"]}
    order = {kinds[ref["id"]]: made["priority"] for made in built["programRules"] for ref in made["programRuleActions"]}
    assert order == {
        "ASSIGN": 1,
        "HIDEFIELD": 2,
        "HIDESECTION": 2,
        "SHOWWARNING": 3,
        "WARNINGONCOMPLETE": 3,
        "SHOWERROR": 3,
    }


def test_a_record_may_be_refused_on_completing_alone() -> None:
    told = {"key": "one", "what": "One", "in": ["activity"], "when": "1 == 1", "error_on_complete": {"spent": "Much"}}
    made = RuleSource.model_validate(told)
    assert (ACTIONS[made.action], made.texts, made.targets) == (("ERRORONCOMPLETE", 3), {"spent": "Much"}, ["spent"])


def test_an_assigned_value_is_built_with_guards_for_all_that_it_reads() -> None:
    built = _built()
    made, (action,) = rule(built, DEADLINE_KEPT), actions(built, DEADLINE_KEPT)
    first, new = "#{PLANNED_END_CURR}", "#{NEW_DEADLINE_CURR}"
    assert made["condition"] == f"d2:hasValue({first}) && (!d2:hasValue({new}))"
    assert (made["priority"], action["programRuleActionType"], action["data"]) == (1, "ASSIGN", first)
    assert action["dataElement"] == {"id": element(built, "TPI_DEADLINE")}
    assert "content" not in action


def test_a_rule_that_counts_what_is_empty_asks_for_no_value_of_it() -> None:
    made = rule(_built(), "Score of domain A is filled in")
    assert made["condition"] == (
        "((d2:oizp(#{PF01_CURR} - 1) + d2:oizp(#{PF02_CURR} - 1) + d2:oizp(#{PF03_CURR} - 1)) >= 2)"
    )


def test_no_rule_fills_in_what_a_person_writes() -> None:
    built, fields = _built(), package_fields()
    filled = {action["dataElement"]["id"] for action in built["programRuleActions"] if "data" in action}
    assert filled == {fields.elements[key].uid for made in load().rules for key in made.assign}
    assert {key for key, info in fields.elements.items() if info.uid in filled} <= fields.calculated


def test_the_rules_know_direction_and_factor_of_each_core_measure_as_the_domain_does() -> None:
    texts = {made.key: made.when for made in load().rules}

    def named(key: str) -> set[str]:
        return set(re.findall(r"#\{measure\} == '(\w+)'", texts[key]))

    assert named("gap_higher") == {code for code, way in CORE_DIRECTIONS.items() if way == HIGHER}
    assert named("gap_lower") == {code for code, way in CORE_DIRECTIONS.items() if way == LOWER}
    factors = {code: CORE_FACTORS.get(code, 100) for code in CORE_DIRECTIONS}
    for key, factor in {"rate_percent": 100, "rate_per_thousand": 1000, "rate_points": 1}.items():
        assert named(key) == {code for code, its in factors.items() if its == factor}


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
    "an unknown action": (ONE.replace("warn:", "shout:"), "Extra inputs"),
    "a person's field filled in": (
        ONE.replace("warn: {spent: Much}", "assign: {spent: '1'}"), "which is a person's field"),
    "an assigned value of another stage": (
        ONE.replace("warn: {spent: Much}", "assign: {deadline: '#{plan_end}'}"), r"asks for #\{plan_end\}"),
    "an error always": ("  - {key: one, in: [activity], what: One, error: {spent: Much}}", "has no condition"),
    "an unknown term": (ONE.replace("#{spent} > 1", "$much"), r"\$much is no term"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sources_is_named(tmp_path: Path, text: str, said: str) -> None:
    where = metadata_copy(tmp_path)
    (where / "rules.yaml").write_text(f"rules:\n{text}\n", "utf-8")
    with pytest.raises(SourceError, match=said):
        load(where)


TERMS = "terms: {low: '#{spent} < 1', odd: '$low || #{spent} > 9'}\n"


def test_a_term_is_written_out_in_brackets_wherever_it_is_used(tmp_path: Path) -> None:
    where = metadata_copy(tmp_path)
    (where / "rules.yaml").write_text(f"{TERMS}rules:\n{ONE.replace('#{spent} > 1', '!$odd')}\n", "utf-8")
    assert load(where).rules[0].when == "!((#{spent} < 1) || #{spent} > 9)"


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("terms: {low: '1', odd: '2'}\n", "the term low is used nowhere"),
        ("terms: {odd: '$low', low: '1'}\n", "comes later"),
    ],
)
def test_a_term_that_nothing_uses_or_that_comes_too_late_is_named(tmp_path: Path, terms: str, said: str) -> None:
    where = metadata_copy(tmp_path)
    (where / "rules.yaml").write_text(f"{terms}rules:\n{ONE.replace('#{spent} > 1', '$odd')}\n", "utf-8")
    with pytest.raises(SourceError, match=said):
        load(where)


def _put(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: rule(built, DEADLINE).__setitem__(prop, value)


def _put_action(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: actions(built, DEADLINE)[0].__setitem__(prop, value)


def _put_assigned(prop: str, value: object) -> Callable[[Bundle], object]:
    return lambda built: actions(built, DEADLINE_KEPT)[0].__setitem__(prop, value)


def _assign_to(code: str, data: str) -> Callable[[Bundle], object]:
    def plant(built: Bundle) -> None:
        actions(built, DEADLINE_KEPT)[0].update(dataElement={"id": element(built, code)}, data=data)

    return plant


def _fill_in_an_option(code: str) -> Callable[[Bundle], object]:
    """Let the rule of a target fill in its result."""

    def plant(built: Bundle) -> None:
        action = actions(built, "Long-term target like the baseline")[0]
        del action["content"]
        target = {"id": element(built, "TPI_LONG_RESULT")}
        action.update(programRuleActionType="ASSIGN", dataElement=target, data=f"'{code}'")

    return plant


def _calculated_variable(built: Bundle) -> None:
    made = {"id": "abcdefghijk", "name": "SUM_CALC", "programRuleVariableSourceType": "CALCULATED_VALUE"}
    built["programRuleVariables"].append({**built["programRuleVariables"][0], **made})


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
    "double quotes": (_put("condition", '"a" == 1'), "cannot be read at \""),
    "open quote": (_put("condition", "'a == 1"), "cannot be read from ''a == 1' on"),
    "open bracket": (_put("condition", "(1 == 1"), "')' is missing before 'the end'"),
    "finding 1.16 unparsable rule condition": (
        _put("condition", "#{PLANNED_END_CURR} >"), "a value is missing before 'the end'"),
    "one = for two": (_put("condition", "V{event_date} = 1"), "cannot be read from '= 1' on"),
    "words for signs": (_put("condition", "1 == 1 and 2 == 2"), "cannot be read at and, which not every engine knows"),
    "too many values of a function": (_put("condition", "d2:length('a', 'b') > 1"), "gives d2:length 2 values"),
    "divided before multiplied": (_put("condition", "6 / 3 * 2 == 4"), "has / and * side by side"),
    "subtracted before added": (_put("condition", "6 - 3 + 2 == 5"), "has - and + side by side"),
    "a denied value that is not yes or no": (
        _put("condition", "!#{PLANNED_END_CURR}"), "denies #{PLANNED_END_CURR}, which is not answered with yes or no"),
    "two rules of one name": (_two_of_one_name, "stands 2 times"),
    "two variables of one name": (
        lambda b: b["programRuleVariables"][1].update(name=b["programRuleVariables"][0]["name"]), "stands 2 times"),
    "variable named like a word of conditions": (
        lambda b: b["programRuleVariables"][0].update(name="AND"), "'AND': is no legal name"),
    "variable with a dash": (
        lambda b: b["programRuleVariables"][0].update(name="MEASURE-CURR"), "is no legal name"),
    "variable without a value type": (
        lambda b: b["programRuleVariables"][0].update(valueType=None), "has no value type"),
    "variable of nothing": (lambda b: b["programRuleVariables"][0].pop("dataElement"), "of no field and no attribute"),
    "calculated variable": (_calculated_variable, "'SUM_CALC': is a calculated value, which imports to 2.41.0"),
    "finding 1.11 action only refers back": (
        _put("programRuleActions", [{"id": "abcdefghijk"}]), "keep it as an orphan"),
    "action without a rule": (_put_action("programRule", None), "keep it as an orphan"),
    "finding 1.1 action with a template": (_put_action("templateUid", "abcdefghijk"), "refuse every later import"),
    "warning without words": (_put_action("content", " "), "SHOWWARNING says nothing"),
    "action without a target": (
        lambda b: actions(b, DEADLINE)[0].pop("dataElement"), "needs just one field, attribute or section"),
    "action on a field of another stage": (_elsewhere, "which the rule's form does not have"),
    "action of a kind that we do not use": (
        _put_action("programRuleActionType", "SENDMESSAGE"), "SENDMESSAGE is not used"),
    "error without words": (
        lambda b: actions(b, "HHSAF total above 500")[0].update(content=""), "SHOWERROR says nothing"),
    "nothing filled in": (_put_assigned("data", " "), "ASSIGN fills in nothing"),
    "unknown variable filled in": (_put_assigned("data", "#{NOBODY_CURR}"), "asks for #{NOBODY_CURR}"),
    "field of another stage filled in": (_put_assigned("data", "#{DESIRED_CURR}"), "which its form does not have"),
    "function of some versions filled in": (_put_assigned("data", "d2:condition('1 > 2', 1, 2)"), "uses d2:condition"),
    "unreadable value filled in": (
        _put_assigned("data", "#{PLANNED_END_CURR} +"), "a value is missing before 'the end'"),
    "a person's field filled in": (
        _assign_to("TPI_ACTUAL_END", "#{PLANNED_END_CURR}"), "fills in 'TPI - Really ended on', which is a person's"),
    "no code of the options filled in": (_fill_in_an_option("FULFILLED"), "fills in 'FULFILLED', which is no code"),
    "warning that a language lacks": (
        lambda b: actions(b, DEADLINE)[0]["translations"].pop(), "CONTENT has no translation in pt"),
}  # fmt: skip


def test_a_code_of_the_options_may_be_filled_in() -> None:
    built = own_bundle()
    _fill_in_an_option("MET")(built)
    assert [finding for finding in lint(built) if "no code" in finding] == []


@pytest.mark.parametrize(("plant", "found"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_of_a_rule_is_found(plant: Callable[[Bundle], object], found: str) -> None:
    built = own_bundle()
    plant(built)
    assert finds(built, found, "lint_rules"), lint(built)
