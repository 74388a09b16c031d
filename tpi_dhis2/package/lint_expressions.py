"""Checks of expressions and filters: servers store a broken one without a word, then fail every query that names it.

What empty fields do differs: 2.40, 2.41 and the events of 2.43 leave them empty, 2.42 reads 0 or an empty text, and
2.43 does so in cycles even for d2:hasValue, but not with dates. So a condition must come out the same in all three.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

from tpi_dhis2.package.expressions import BadExpression, Node, conjuncts, parse

Item = dict[str, Any]
Objects = list[Item]

#: What 2.40 to 2.43 all have and count alike: the kinds of the arguments, and of what comes out.
FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "d2:hasValue": (("item",), "boolean"),
    "d2:daysBetween": (("date", "date"), "number"),
    "d2:monthsBetween": (("date", "date"), "number"),
    "d2:count": (("element",), "number"),
    "d2:countIfCondition": (("element", "text"), "number"),
}
VARIABLES = {
    "event_count": "number",
    "enrollment_count": "number",
    "org_unit_count": "number",
    "enrollment_date": "date",
    "event_date": "date",
    "current_date": "date",
    "enrollment_status": "text",
    "program_stage_id": "text",
}
#: What fails, or counts something else, on at least one version.
_NOT_IN = {
    "EVENT": {"d2:count", "d2:countIfCondition", "enrollment_status"},
    "ENROLLMENT": {"event_count", "org_unit_count", "program_stage_id", "event_date"},
}
_STATES = {"ACTIVE", "COMPLETED", "CANCELLED"}
_COMPARED = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DATES = {"DATE", "DATETIME", "AGE"}
_NUMBERS = {
    "NUMBER", "PERCENTAGE", "BOOLEAN", "INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE",
}  # fmt: skip


def kind_of_type(value_type: str) -> str:
    """What an expression sees of a value type; DHIS2 counts yes as 1 and no as 0."""
    return "date" if value_type in _DATES else "number" if value_type in _NUMBERS else "text"


class Held:
    """What expressions may name: the fields of each stage, attributes, constants, program indicators."""

    def __init__(self, kinds: dict[str, Objects]) -> None:
        elements = {item["id"]: item for item in kinds.get("dataElements", [])}
        self.stages = {stage["id"] for stage in kinds.get("programStages", [])}
        self.named: dict[str, Item] = {
            f"#{stage['id']}.{entry['dataElement']['id']}": elements.get(entry["dataElement"]["id"], {})
            for stage in kinds.get("programStages", [])
            for entry in stage["programStageDataElements"]
        }
        self.named |= {f"A{item['id']}": item for item in kinds.get("trackedEntityAttributes", [])}
        self.named |= {f"C{item['id']}": item for item in kinds.get("constants", [])}
        self.named |= {f"I{item['id']}": item for item in kinds.get("programIndicators", [])}
        self.codes: dict[str, set[str]] = {}
        for option in kinds.get("options", []):
            self.codes.setdefault(option["optionSet"]["id"], set()).add(option["code"])


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


class Checker:
    """Reads expressions of one object and gathers what is wrong with them."""

    def __init__(self, held: Held, type_: str = "", marks: str = "") -> None:
        self.held = held
        self.type = type_
        self.marks = marks
        self.findings: list[str] = []
        self.asked: set[Node] = set()

    def tree(self, text: str, place: str) -> Node | None:
        """The tree of an expression; None when it cannot be read."""
        try:
            return parse(text)
        except BadExpression as error:
            self.findings.append(f"{place} {error}")
            return None

    def read(self, text: str, wanted: str, place: str) -> Node | None:
        """The tree of an expression that must give ``wanted``, with all its parts checked."""
        node = self.tree(text, place)
        if node is None:
            return None
        self.asked = {part.parts[0] for part in node if part.text == "d2:hasValue" and part.parts}
        kind = self.kind(node)
        if kind not in (wanted, "unknown"):
            self.findings.append(f"{place} gives a {kind}, not a {wanted}")
        return node

    def kind(self, node: Node) -> str:
        """What a part gives: number, text, date, boolean, or unknown after a finding."""
        if node.sort == "item":
            return self._item(node)
        if node.sort == "call":
            return self._call(node)
        if node.sort == "unary":
            return self._all(node.parts, "boolean" if node.text == "!" else "number", node.text)
        if node.sort == "binary":
            return self._binary(node)
        return node.sort

    def _fault(self, text: str) -> str:
        self.findings.append(text)
        return "unknown"

    def _all(self, parts: tuple[Node, ...], wanted: str, sign: str) -> str:
        for part in parts:
            kind = self.kind(part)
            if kind not in (wanted, "unknown"):
                self._fault(f"{sign} takes a {wanted}, not a {kind}")
        return wanted

    def _item(self, node: Node) -> str:
        mark, name = node.mark, node.name
        if node.text == "[days]":
            return "number" if "I" in self.marks else self._fault("[days] is for indicators")
        if mark not in self.marks:
            return self._fault(f"names {node.text}, which has no place here")
        if mark == "V":
            return self._variable(name)
        found = self.held.named.get(mark + name)
        if found is None:
            return self._fault(f"names {node.text}, which is not there")
        return kind_of_type(found["valueType"]) if mark in "#A" else "number"

    def _variable(self, name: str) -> str:
        if name in _NOT_IN.get(self.type, ()):
            return self._fault(f"V{{{name}}} fails or counts something else in an indicator of type {self.type}")
        return VARIABLES.get(name) or self._fault(f"V{{{name}}} is not on the list of what every version has")

    def _call(self, node: Node) -> str:
        if node.text not in FUNCTIONS:
            return self._fault(f"{node.text} is not on the list of what every version has and counts alike")
        if node.text in _NOT_IN.get(self.type, ()):
            return self._fault(f"{node.text} gives a wrong number in an indicator of type {self.type}")
        wanted, given = FUNCTIONS[node.text]
        if len(node.parts) != len(wanted):
            return self._fault(f"{node.text} takes {len(wanted)} arguments")
        for part, kind in zip(node.parts, wanted, strict=True):
            self._argument(node.text, part, kind)
        return given

    def _argument(self, function: str, part: Node, wanted: str) -> None:
        kind = self.kind(part)
        if wanted in ("item", "element"):
            if part.sort != "item" or part.mark not in ("#A" if wanted == "item" else "#"):
                self._fault(f"{function} takes a field")
            elif function == "d2:hasValue" and self.type == "ENROLLMENT" and part.mark == "#" and kind != "date":
                self._fault(f"d2:hasValue({part.text}) is always true in cycles on 2.43; ask d2:count")
        elif kind not in (wanted, "unknown"):
            self._fault(f"{function} takes a {wanted}, not a {kind}")

    def _binary(self, node: Node) -> str:
        if node.text in ("&&", "||"):
            return self._all(node.parts, "boolean", node.text)
        if node.text not in _COMPARED:
            return self._all(node.parts, "number", node.text)
        left, right = (self.kind(part) for part in node.parts)
        if left != right and "unknown" not in (left, right):
            self._fault(f"compares a {left} with a {right}")
        elif left == "date":
            self._fault("compares dates with a sign; every version has d2:daysBetween")
        else:
            self._compared(node)
        return "boolean"

    def _compared(self, node: Node) -> None:
        """A code must exist; and an empty field must not meet what it is compared with, or be asked for."""
        item, value = node.parts
        if item.sort != "item" or value.sort not in ("text", "number"):
            return
        self._code(item, value)
        empty, limit = (0.0, float(value.text)) if value.sort == "number" else ("", value.text)
        if item.mark in "#A" and item not in self.asked and _COMPARED[node.text](empty, limit):
            self._fault(f"{item.text} {node.text} {value.text} is true of an empty field on 2.42; ask d2:hasValue")

    def _code(self, item: Node, value: Node) -> None:
        if item.text == "V{enrollment_status}" and value.text not in _STATES:
            self._fault(f"{value.text} is no state of an enrollment")
        options = self.held.named.get(item.mark + item.name, {}).get("optionSet")
        if options and value.text not in self.held.codes.get(options["id"], ()):
            self._fault(f"compares {item.text} with {value.text}, which is no code of its option set")
