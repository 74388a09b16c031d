"""Expressions of program rules, from text to tree.

Every operator has a rank of its own, as in DHIS2's expression parser: ``*`` binds before ``/`` and ``+`` before ``-``,
so that ``a - b + c`` is ``a - (b + c)``. Operators of one rank go from left to right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

#: Operators of two operands, the one that binds most at the end; ``^`` binds more than all, even than a sign.
RANKS = {
    name: rank for rank, name in enumerate(("||", "&&", "!=", "==", ">=", "<=", ">", "<", "-", "+", "%", "/", "*"))
}
SIGNS = ("+", "-", "!")
WORDS = {"and": "&&", "or": "||", "not": "!"}
CONSTANTS = {"true": True, "false": False, "null": None}
TOKEN = re.compile(
    r"""(?P<blank>\s+|/\*.*?\*/)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?P<item>[#AVC]\{[^}]+\})
    |(?P<name>(?:d2:)?[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||[<>=!]=|[-+*/%^<>!(),])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-7]{3}|.)", re.DOTALL)
ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
TREES_IN_ONE_ARGUMENT = "d2:condition"


class ExpressionError(Exception):
    """An expression that cannot be read or, with these values, not be calculated."""


@dataclass(frozen=True)
class Node:
    """A part of an expression: its kind, its text, its parts.

    Kinds: ``number``, ``text``, ``constant``, ``item`` (``#{...}`` and the like), ``function``, ``sign``, ``operator``.
    """

    kind: str
    text: str
    parts: tuple[Node, ...] = ()


@lru_cache(maxsize=2048)
def parse(text: str) -> Node:
    """Return the tree of an expression; raises ``ExpressionError``."""
    parser = _Parser(_tokens(text))
    tree = parser.expression()
    parser.expect("end")
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ExpressionError(f"Unexpected input character: '{text[place]}' at character:{place}")
        kind, token, place = str(match.lastgroup), match[0], match.end()
        if kind == "name" and token in WORDS:
            kind, token = "sign", WORDS[token]
        if kind != "blank":
            found.append((kind, token))
    return [*found, ("end", "end")]


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, str]]):
        self._tokens, self._place = tokens, 0

    def _next(self) -> tuple[str, str]:
        self._place += 1
        return self._tokens[self._place - 1]

    def _sees(self, *wanted: str) -> bool:
        kind, token = self._tokens[self._place]
        return kind in ("sign", "end") and token in wanted

    def expect(self, wanted: str) -> None:
        """Take a sign that must come now."""
        if not self._sees(wanted):
            raise ExpressionError(f"expected {wanted}, found {self._tokens[self._place][1]}")
        self._next()

    def expression(self, rank: int = 0) -> Node:
        """Read operands with the operators of a rank and above between them."""
        left = self._signed()
        while self._sees(*RANKS) and RANKS[self._tokens[self._place][1]] >= rank:
            operator = self._next()[1]
            left = Node("operator", operator, (left, self.expression(RANKS[operator] + 1)))
        return left

    def _signed(self) -> Node:
        if self._sees(*SIGNS):
            return Node("sign", self._next()[1], (self._signed(),))
        left = self._single()
        while self._sees("^"):
            self._next()
            left = Node("operator", "^", (left, self._exponent()))
        return left

    def _exponent(self) -> Node:
        return Node("sign", self._next()[1], (self._exponent(),)) if self._sees(*SIGNS) else self._single()

    def _single(self) -> Node:
        if self._sees("("):
            self._next()
            inside = self.expression()
            self.expect(")")
            return inside
        kind, token = self._next()
        if kind == "name":
            return self._named(token)
        if kind not in ("number", "text", "item"):
            raise ExpressionError(f"unexpected {token}")
        return Node(kind, _unquoted(token) if kind == "text" else token)

    def _named(self, name: str) -> Node:
        if name in CONSTANTS:
            return Node("constant", name)
        self.expect("(")
        parts: list[Node] = []
        while not self._sees(")"):
            if parts:
                self.expect(",")
            parts.append(self.expression())
        self._next()
        if name == TREES_IN_ONE_ARGUMENT and parts and parts[0].kind == "text":
            parts[0] = parse(parts[0].text)
        return Node("function", name, tuple(parts))


def _unquoted(token: str) -> str:
    return ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 1:
        return ESCAPES.get(code, code)
    return chr(int(code[1:], 16) if code[0] == "u" else int(code, 8))
