"""Checks of what program rules read and fill in: variables, and the fields that get a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tpi_dhis2.package.lint_fields import option_codes

Item = dict[str, Any]
Objects = list[Item]

_TARGETS = ("dataElement", "trackedEntityAttribute")
#: What the name of a field ends with that no person fills.
_CALCULATED = "(calculated)"


def lint_values(kinds: dict[str, Objects]) -> list[str]:
    """All findings on variables and assigned values, one plain line each."""
    return [*_of_variables(kinds), *_of_assigned(kinds)]


def _of_variables(kinds: dict[str, Objects]) -> Iterator[str]:
    """A calculated value without a type, and a variable of nothing, are stored by servers without a word."""
    for item in kinds.get("programRuleVariables", []):
        place = f"programRuleVariables '{item.get('name')}'"
        if not item.get("valueType"):
            yield f"{place}: has no value type"
        if item.get("programRuleVariableSourceType") == "CALCULATED_VALUE":
            yield f"{place}: is a calculated value, which imports to 2.41.0 to 2.41.3 fail on"
        elif not any(item.get(prop) for prop in _TARGETS):
            yield f"{place}: is a variable of no field and no attribute"


def _of_assigned(kinds: dict[str, Objects]) -> Iterator[str]:
    """A rule fills in only fields that no person fills, and of an option set only its codes."""
    known = {item["id"]: item for kind in ("dataElements", "trackedEntityAttributes") for item in kinds.get(kind, [])}
    names = {rule["id"]: rule.get("name") for rule in kinds.get("programRules", [])}
    codes = option_codes(kinds)
    for action in kinds.get("programRuleActions", []):
        target = next((known.get(action[prop]["id"]) for prop in _TARGETS if action.get(prop)), None)
        if action.get("programRuleActionType") != "ASSIGN" or target is None:
            continue
        place = f"programRuleActions '{names.get((action.get('programRule') or {}).get('id'))}'"
        if not target["name"].endswith(_CALCULATED):
            yield f"{place}: fills in '{target['name']}', which is a person's field"
        fixed = re.fullmatch(r"\s*'([^']*)'\s*", action.get("data") or "")
        if fixed and "optionSet" in target and fixed[1] not in codes[target["optionSet"]["id"]]:
            yield f"{place}: fills in '{fixed[1]}', which is no code of the options"
