"""Reads the expressions of an object and gathers what is wrong with them: kinds, names, codes, empty fields.

What empty fields do differs: 2.40, 2.41 and the events of 2.43 leave them empty, 2.42 reads 0 or an empty text, and
2.43 does so in cycles even for d2:hasValue, but not with dates. So a condition must come out the same in all three.
"""

from __future__ import annotations

from tpi_dhis2.package.expression_terms import (
    COMPARED,
    FUNCTIONS,
    NOT_IN,
    STATES,
    VARIABLES,
    Held,
    kind_of_type,
)
from tpi_dhis2.package.expressions import BadExpression, Node, parse


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
        if name in NOT_IN.get(self.type, ()):
            return self._fault(f"V{{{name}}} fails or counts something else in an indicator of type {self.type}")
        return VARIABLES.get(name) or self._fault(f"V{{{name}}} is not on the list of what every version has")

    def _call(self, node: Node) -> str:
        if node.text not in FUNCTIONS:
            return self._fault(f"{node.text} is not on the list of what every version has and counts alike")
        if node.text in NOT_IN.get(self.type, ()):
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
        if node.text not in COMPARED:
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
        if item.mark in "#A" and item not in self.asked and COMPARED[node.text](empty, limit):
            self._fault(f"{item.text} {node.text} {value.text} is true of an empty field on 2.42; ask d2:hasValue")

    def _code(self, item: Node, value: Node) -> None:
        if item.text == "V{enrollment_status}" and value.text not in STATES:
            self._fault(f"{value.text} is no state of an enrollment")
        options = self.held.named.get(item.mark + item.name, {}).get("optionSet")
        if options and value.text not in self.held.codes.get(options["id"], ()):
            self._fault(f"compares {item.text} with {value.text}, which is no code of its option set")
