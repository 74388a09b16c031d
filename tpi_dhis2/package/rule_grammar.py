"""The grammar of rule expressions, as far as the package uses it, read as DHIS2's engine reads it.

Servers store an expression that no engine can read and say OK. An engine takes ``*`` before ``/`` and ``+`` before
``-``, so that ``a / b * c`` is ``a / (b * c)``: what people would read otherwise must be in brackets.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*')|(?P<named>[#AV]\{\w+\})|(?P<function>d2:\w+)"
    r"|(?P<word>true|false)\b|(?P<mark>&&|\|\||[=!<>]=|[-+*/%<>!(),]))"
)
#: How tightly operators bind for people, loosest first.
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))
#: What every engine from 2.40 to 2.43 has, with the number of arguments.
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


class Unreadable(ValueError):
    """An expression that an engine cannot read, or reads otherwise than people do."""


def check(expression: str) -> None:
    """Read an expression to its end; Unreadable says where that fails."""
    _Reader(expression).whole()


class _Reader:
    def __init__(self, expression: str) -> None:
        self.text = expression.rstrip()
        self.place = 0
        self.kind = self.token = ""
        self._next()

    def whole(self) -> None:
        self._level(0)
        if self.token:
            raise self._wrong()

    def _next(self) -> None:
        if self.place == len(self.text):
            self.kind = self.token = ""
            return
        match = _TOKEN.match(self.text, self.place)
        if match is None:
            raise Unreadable(f"cannot be read from '{self.text[self.place :].strip()[:20]}' on")
        self.place, self.kind, self.token = match.end(), match.lastgroup or "", match[match.lastgroup or ""]

    def _wrong(self) -> Unreadable:
        return Unreadable(f"cannot be read at '{self.token or 'its end'}'")

    def _is(self, *marks: str) -> bool:
        return self.kind == "mark" and self.token in marks

    def _take(self, mark: str) -> None:
        if not self._is(mark):
            raise self._wrong()
        self._next()

    def _level(self, number: int) -> None:
        if number == len(_LEVELS):
            self._value()
            return
        self._level(number + 1)
        used: list[str] = []
        while self._is(*_LEVELS[number]):
            used.append(self.token)
            self._next()
            self._level(number + 1)
        _in_reading_order(used)

    def _value(self) -> None:
        kind, token = self.kind, self.token
        if self._is("!", "-"):
            self._next()
            self._value()
        elif self._is("("):
            self._next()
            self._level(0)
            self._take(")")
        elif kind == "function":
            self._next()
            self._arguments(token.removeprefix("d2:"))
        elif kind in ("number", "text", "named", "word"):
            self._next()
        else:
            raise self._wrong()

    def _arguments(self, function: str) -> None:
        self._take("(")
        count = 1
        self._level(0)
        while self._is(","):
            self._next()
            self._level(0)
            count += 1
        self._take(")")
        if function in FUNCTIONS and count not in FUNCTIONS[function]:
            raise Unreadable(f"gives d2:{function} {count} values")


def _in_reading_order(used: list[str]) -> None:
    """The engine takes * before / before %, and + before -: what stands the other way round means something else."""
    order = {"*": 0, "/": 1, "%": 2, "+": 0, "-": 1}
    ranks = [order.get(token, 0) for token in used]
    if ranks != sorted(ranks):
        signs = " and ".join(dict.fromkeys(used))
        raise Unreadable(f"has {signs} side by side, which the engine does not read in order")
