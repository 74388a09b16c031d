"""Checks of programs, forms, fields and option sets: what servers store without a word and apps stumble over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Item = dict[str, Any]
Kinds = dict[str, list[Item]]

_FIELDS = ("dataElements", "trackedEntityAttributes")
_COUNTED = {"NUMBER", "INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE", "PERCENTAGE", "UNIT_INTERVAL"}
_FEWEST_OPTIONS = 2


def lint_forms(kinds: Kinds) -> list[str]:
    """All findings on programs, stages, fields and option sets, one plain line each."""
    sets = {item["id"]: item for item in kinds.get("optionSets", []) if "id" in item}
    options = {item["id"]: item for item in kinds.get("options", [])}
    sections = {item["id"]: item for item in kinds.get("programStageSections", [])}
    found = [("programs", item, _of_program(item)) for item in kinds.get("programs", [])]
    found += [("programStages", item, _of_stage(item, sections)) for item in kinds.get("programStages", [])]
    found += [(kind, item, _of_field(item, sets)) for kind in _FIELDS for item in kinds.get(kind, [])]
    found += [("optionSets", item, _of_option_set(item, options)) for item in kinds.get("optionSets", [])]
    found += [("options", item, _of_option(item)) for item in kinds.get("options", [])]
    return [f"{kind} '{item.get('name')}': {finding}" for kind, item, findings in found for finding in findings]


def _of_program(program: Item) -> Iterator[str]:
    if program.get("programType") == "WITH_REGISTRATION" and not program.get("trackedEntityType"):
        yield "has no tracked entity type"
    if program.get("organisationUnits"):
        yield "ships units, which are the site's"


def _of_stage(stage: Item, sections: dict[str, Item]) -> Iterator[str]:
    on_stage = [entry["dataElement"]["id"] for entry in stage["programStageDataElements"]]
    listed = [sections[ref["id"]] for ref in stage["programStageSections"] if ref["id"] in sections]
    in_sections = [ref["id"] for section in listed for ref in section["dataElements"]]
    if sorted(on_stage) != sorted(in_sections) or len(set(on_stage)) != len(on_stage):
        yield "its sections do not hold each of its fields once"


def _of_field(item: Item, sets: dict[str, Item]) -> Iterator[str]:
    kind = item["valueType"]
    if "optionSet" in item and kind != sets.get(item["optionSet"]["id"], item)["valueType"]:
        yield f"value type {kind} is not that of its option set"
    if kind == "MULTI_TEXT":
        yield "MULTI_TEXT takes only one code on 2.40"
    if (kind not in _COUNTED) != (item.get("aggregationType") == "NONE"):
        yield f"{kind} with aggregation {item.get('aggregationType')}: numbers are summed or averaged, nothing else is"


def _of_option_set(item: Item, options: dict[str, Item]) -> Iterator[str]:
    listed = [options[ref["id"]] for ref in item["options"] if ref["id"] in options]
    if len(listed) < _FEWEST_OPTIONS:
        yield f"has fewer than {_FEWEST_OPTIONS} options"
    if [option["sortOrder"] for option in listed] != list(range(1, len(listed) + 1)):
        yield "its options are not numbered from 1 in their order, so versions show them differently"
    for prop in ("code", "name"):
        if len({option[prop] for option in listed}) != len(listed):
            yield f"two of its options have one {prop}"


def _of_option(item: Item) -> Iterator[str]:
    if not item.get("optionSet"):
        yield "is in no option set"
