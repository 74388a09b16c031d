"""Checks of expressions and filters: servers store a broken one without a word, then fail every query that names it."""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.package.expression_check import Checker
from tpi_dhis2.package.expression_terms import Held, Item, Objects
from tpi_dhis2.package.expressions import Node, conjuncts


def lint_expressions(kinds: dict[str, Objects]) -> list[str]:
    """All findings on expressions, one plain line each."""
    held = Held(kinds)
    findings = [
        f"programIndicators '{item.get('name')}': {text}"
        for item in kinds.get("programIndicators", [])
        for text in _of_program_indicator(item, held)
    ]
    for item in kinds.get("indicators", []):
        for prop in ("numerator", "denominator"):
            checker = Checker(held, marks="IC")
            checker.read(item.get(prop) or "", "number", prop)
            findings += [f"indicators '{item.get('name')}': {text}" for text in checker.findings]
    for rule in kinds.get("programRules", []):
        checker = Checker(held)
        checker.tree(rule.get("condition") or "true", "condition")
        findings += [f"programRules '{rule.get('name')}': {text}" for text in checker.findings]
    return findings


def _of_program_indicator(item: Item, held: Held) -> Iterator[str]:
    checker = Checker(held, item.get("analyticsType", ""), marks="#ACV")
    expression = checker.read(item.get("expression") or "", "number", "expression")
    condition = checker.read(item.get("filter") or "true", "boolean", "filter")
    yield from checker.findings
    if expression is None or condition is None:
        return
    parts = conjuncts(condition)
    if item.get("analyticsType") == "EVENT":
        yield from _of_one_stage(parts, [*expression, *condition], held)
    if item.get("aggregationType") in ("SUM", "AVERAGE"):
        there = {part.parts[0] for part in parts if part.text == "d2:hasValue"}
        yield from (
            f"{item['aggregationType']} of {node.text} without d2:hasValue in its filter counts empty as 0"
            for node in dict.fromkeys(expression)
            if node.sort == "item" and node.mark in "#A" and node not in there
        )


def _of_one_stage(parts: list[Node], nodes: list[Node], held: Held) -> Iterator[str]:
    """An event indicator asks for one stage; else a condition on an empty field takes the events of all stages."""
    asked = [part.parts[1].text for part in parts if part.text == "==" and part.parts[0].text == "V{program_stage_id}"]
    if len(asked) != 1 or asked[0] not in held.stages:
        yield "an event indicator without the stage that it counts"
        return
    for node in nodes:
        if node.sort == "item" and node.mark == "#" and not node.name.startswith(asked[0]):
            yield f"names {node.text}, which events of its stage do not have"
