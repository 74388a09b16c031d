"""What of the expression language rules may use: every engine from 2.40 to 2.43 reads it, and as people do."""

from __future__ import annotations

import re

from tpi_dhis2.package.expressions import BadExpression, Node, parse

#: What every engine has, with the number of arguments.
FUNCTIONS = {
    "hasValue": {1},
    "daysBetween": {2},
    "monthsBetween": {2},
    "length": {1},
    "ceil": {1},
    "floor": {1},
    "round": {1, 2},
    "oizp": {1},
}
_ITEM = re.compile(r"[#AV]\{\w+\}")
#: Words and quotes that only some engines know.
_OTHERS = re.compile(r"\b(?:and|or|not)\b|\"")


def check(expression: str) -> None:
    """Read the expression of a rule to its end; BadExpression says where that fails."""
    other = _OTHERS.search(re.sub(r"'[^']*'", "''", expression))
    if other:
        raise BadExpression(f"cannot be read at {other[0]}, which not every engine knows")
    for node in parse(expression):
        _check(node)


def _check(node: Node) -> None:
    if node.sort == "item" and not _ITEM.fullmatch(node.text):
        raise BadExpression(f"names {node.text}, which rules cannot")
    if node.sort == "unary" and node.text == "+":
        raise BadExpression("has a plus before a value")
    allowed = FUNCTIONS.get(node.text.removeprefix("d2:")) if node.sort == "call" else None
    if allowed and len(node.parts) not in allowed:
        raise BadExpression(f"gives {node.text} {len(node.parts)} values")
