"""The expression language of DHIS2 as far as this package uses it: text to a tree.

One grammar serves expressions and filters of program indicators, numerators and denominators, and rule conditions.
What it cannot read it refuses with the place; servers store such a thing and fail in every query that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

#: How tightly operators bind, loosest first, as in DHIS2's own grammar.
_BINDING = [("||", "or"), ("&&", "and"), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%")]
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?)
  | (?P<text>'[^'\\]*'|"[^"\\]*")
  | (?P<item>[\#ACVIN]\{[^{}]+\}|PS_EVENTDATE:\w+|\[days\])
  | (?P<call>d2:\w+)
  | (?P<word>true|false|and|or|not)\b
  | (?P<sign>\|\||&&|==|!=|<=|>=|[-+*/%<>!(),])
    )""",
    re.VERBOSE,
)


class BadExpression(ValueError):
    """Text that is no expression; the message says where."""


@dataclass(frozen=True)
class Node:
    """A part of an expression: ``sort`` is number, text, boolean, item, call, unary or binary."""

    sort: str
    text: str
    parts: tuple[Node, ...] = ()

    def __iter__(self) -> Iterator[Node]:
        """The part itself and all below it."""
        yield self
        for part in self.parts:
            yield from part

    @property
    def mark(self) -> str:
        """Of an item: # A C V I, or the word that stands for it."""
        return self.text[0] if self.text[1:2] == "{" else self.text.partition(":")[0]

    @property
    def name(self) -> str:
        """Of an item: what stands in its braces; of a call: the function."""
        return self.text[2:-1] if self.text[1:2] == "{" else self.text.partition(":")[2]


@cache
def parse(text: str) -> Node:
    """The tree of an expression; BadExpression when it is none. Several checks read the same text, so it is kept."""
    reader = _Reader(_tokens(text))
    found = reader.binary(0)
    if reader.now != ("end", ""):
        raise BadExpression(f"'{reader.now[1]}' is not expected in: {text}")
    return found


def conjuncts(node: Node) -> list[Node]:
    """The conditions that must all hold."""
    if node.sort == "binary" and node.text == "&&":
        return [one for part in node.parts for one in conjuncts(part)]
    return [node]


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if not match:
            raise BadExpression(f"cannot be read from '{text[place:].strip()[:30]}' on")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        place = match.end()
    return [*found, ("end", "")]


def _in_reading_order(used: list[str]) -> None:
    """DHIS2 takes * before / before %, and + before -: a / b * c is a / (b * c) there, so it must be in brackets."""
    order = {"*": 0, "/": 1, "%": 2, "+": 0, "-": 1}
    ranks = [order.get(sign, 0) for sign in used]
    if ranks != sorted(ranks):
        signs = " and ".join(dict.fromkeys(used))
        raise BadExpression(f"has {signs} side by side, which DHIS2 does not read in order")


class _Reader:
    """Reads tokens from left to right, each operator by how tightly it binds."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = iter(tokens)
        self.now = next(self.tokens)

    def take(self, sign: str = "") -> str:
        """The text of the token, and on to the next; with ``sign`` it must be that."""
        text = self.now[1]
        if sign and text != sign:
            raise BadExpression(f"'{sign}' is missing before '{text or 'the end'}'")
        self.now = next(self.tokens, ("end", ""))
        return text

    def binary(self, level: int) -> Node:
        """Operators of this level and all that bind tighter."""
        if level == len(_BINDING):
            return self.unary()
        left, used = self.binary(level + 1), []
        while self.now[0] in ("sign", "word") and self.now[1] in _BINDING[level]:
            sign = {"and": "&&", "or": "||"}.get(self.now[1], self.now[1])
            used.append(sign)
            self.take()
            left = Node("binary", sign, (left, self.binary(level + 1)))
        _in_reading_order(used)
        return left

    def unary(self) -> Node:
        """A sign before a part, or the part itself."""
        if self.now[1] in ("!", "not", "-", "+") and self.now[0] in ("sign", "word"):
            sign = {"not": "!"}.get(self.now[1], self.now[1])
            self.take()
            return Node("unary", sign, (self.unary(),))
        return self.part()

    def part(self) -> Node:
        """A literal, an item, a call, or an expression in brackets."""
        sort, text = self.now
        if text == "(":
            self.take()
            inner = self.binary(0)
            self.take(")")
            return inner
        if sort == "call":
            return self.call()
        if sort in ("number", "text", "item") or text in ("true", "false"):
            self.take()
            return Node("boolean" if sort == "word" else sort, text[1:-1] if sort == "text" else text)
        raise BadExpression(f"a value is missing before '{text or 'the end'}'")

    def call(self) -> Node:
        """A function and its arguments."""
        name, parts = self.take(), []
        self.take("(")
        while self.now[1] != ")":
            parts.append(self.binary(0))
            if self.now[1] != ")":
                self.take(",")
        self.take(")")
        return Node("call", name, tuple(parts))
