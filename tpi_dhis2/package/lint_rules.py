"""Checks of program rules: servers store a rule that no app can run, and say OK."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tpi_dhis2.package.expressions import BadExpression
from tpi_dhis2.package.lint_fields import Forms
from tpi_dhis2.package.lint_rule_values import lint_values
from tpi_dhis2.package.rule_grammar import FUNCTIONS, check

Item = dict[str, Any]
Objects = list[Item]

_NAMED = re.compile(r"([#A])\{([^}]*)\}")
_KNOWN = {"#": "dataElement", "A": "trackedEntityAttribute"}
_TARGETS = (*_KNOWN.values(), "programStageSection")
_NEGATED = re.compile(r"!\s*([#A])\{([^}]*)\}")
_YES_NO = {"BOOLEAN", "TRUE_ONLY"}
_VARIABLES = {"event_date", "current_date"}
_VARIABLE_NAME = re.compile(r"^(?!(?:AND|OR|NOT)$)[A-Z][A-Z0-9_]*$")
_HIDES = {"HIDEFIELD", "HIDESECTION"}
_SAYS = {"SHOWWARNING", "WARNINGONCOMPLETE", "SHOWERROR", "ERRORONCOMPLETE"}
_DESCRIPTION_LIMIT = 255


def lint_rules(kinds: dict[str, Objects]) -> list[str]:
    """All findings on program rules, one plain line each."""
    rules, actions = kinds.get("programRules", []), kinds.get("programRuleActions", [])
    variables = {item["name"]: item for item in kinds.get("programRuleVariables", [])}
    forms = Forms(kinds)
    findings = [f"programRules '{rule.get('name')}': {text}" for rule in rules for text in _of_rule(rule)]
    findings += [
        f"programRules '{rule.get('name')}': {text}"
        for rule in rules
        for text in _of_expression(rule.get("condition") or "", rule, variables, forms)
    ]
    by_id = {rule["id"]: rule for rule in rules}
    for action in actions:
        rule = by_id.get((action.get("programRule") or {}).get("id", ""), {})
        place = f"programRuleActions '{rule.get('name')}'"
        findings += [f"{place}: {text}" for text in _of_action(action, rule, forms)]
        if action.get("data"):
            findings += [f"{place}: {text}" for text in _of_expression(action["data"], rule, variables, forms)]
    return findings + list(_names(kinds)) + lint_values(kinds)


def _of_rule(rule: Item) -> Iterator[str]:
    if not (rule.get("condition") or "").strip():
        yield "has no condition"
    if not rule.get("programRuleActions"):
        yield "has no action"
    if not isinstance(rule.get("priority"), int):
        yield "has no priority"
    if len(rule.get("description") or "") > _DESCRIPTION_LIMIT:
        yield f"description is longer than {_DESCRIPTION_LIMIT} characters"


def _stage(rule: Item) -> str | None:
    return (rule.get("programStage") or {}).get("id")


def _of_expression(expression: str, rule: Item, variables: dict[str, Item], forms: Forms) -> Iterator[str]:
    """What is wrong with a condition, or with what a rule fills in."""
    for mark, name in _NAMED.findall(expression):
        target = (variables.get(name, {}).get(_KNOWN[mark]) or {}).get("id")
        if target is None:
            yield f"asks for {mark}{{{name}}}, which is no variable of that kind"
        elif not forms.has(_stage(rule), target):
            yield f"asks for {mark}{{{name}}}, which its form does not have"
    for mark, name in _NEGATED.findall(expression):
        if variables.get(name, {}).get("valueType") not in _YES_NO:
            yield f"denies {mark}{{{name}}}, which is not answered with yes or no"
    yield from _of_words(re.sub(r"'[^']*'", "''", expression))
    if expression.strip():
        try:
            check(expression)
        except BadExpression as error:
            yield f"has an expression that {error}"


def _of_words(bare: str) -> Iterator[str]:
    for function in re.findall(r"d2:(\w+)", bare):
        if function not in FUNCTIONS:
            yield f"uses d2:{function}, which is not on the list of what every version has"
    for name in re.findall(r"V\{(\w*)\}", bare):
        if name not in _VARIABLES:
            yield f"uses V{{{name}}}, which is not on the list of what every version has"


def _of_action(action: Item, rule: Item, forms: Forms) -> Iterator[str]:
    kind = action.get("programRuleActionType")
    if {"id": action.get("id")} not in rule.get("programRuleActions", []):
        yield "is not listed on its rule, so servers keep it as an orphan"
    if kind not in _HIDES | _SAYS | {"ASSIGN"}:
        yield f"{kind} is not used in this package"
    if action.get("templateUid"):
        yield "has a template, and 2.42 and 2.43 refuse every later import of it"
    if kind in _SAYS and not (action.get("content") or "").strip():
        yield f"{kind} says nothing"
    if kind == "ASSIGN" and not (action.get("data") or "").strip():
        yield "ASSIGN fills in nothing"
    targets, stage = [action[prop]["id"] for prop in _TARGETS if action.get(prop)], _stage(rule)
    if len(targets) != 1:
        yield f"{kind} needs just one field, attribute or section"
    yield from (
        f"{kind} acts on {uid}, which the rule's form does not have" for uid in targets if not forms.has(stage, uid)
    )


def _names(kinds: dict[str, Objects]) -> Iterator[str]:
    for kind in ("programRules", "programRuleVariables"):
        counts = Counter(item.get("name") for item in kinds.get(kind, []))
        yield from (f"{kind}: name '{name}' stands {count} times" for name, count in counts.items() if count > 1)
    for item in kinds.get("programRuleVariables", []):
        if not _VARIABLE_NAME.match(item.get("name") or ""):
            yield f"programRuleVariables '{item.get('name')}': is no legal name in a condition"
