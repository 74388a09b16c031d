"""Expressions made ready to run: a tree becomes functions of a case, once, and runs for many objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import dropwhile, takewhile
from operator import eq, ge, gt, le, lt
from typing import Any

from tpi_dhis2.sandbox.expression import CONSTANTS, ExpressionError, Node, parse
from tpi_dhis2.sandbox.rule_case import Case, Value
from tpi_dhis2.sandbox.rule_functions import FUNCTIONS, NUMERIC, OF_CASE
from tpi_dhis2.sandbox.rule_parts import (
    Run,
    all_or_any,
    assigned_or,
    failing,
    from_event,
    once,
    reading,
    unknown,
)
from tpi_dhis2.sandbox.rule_values import (
    ARITHMETIC,
    compare,
    day_of,
    equal,
    number_of,
    there,
    to_boolean,
    to_day,
    to_number,
    to_text,
)
from tpi_dhis2.sandbox.rule_variables import BOOLEAN, DATE, DEFAULTS, NUMBER, TEXT, Variable

#: What the text of a variable becomes, by its type; and what any value does.
OF_TEXT: dict[str, Callable[[Any], Any]] = {NUMBER: number_of, BOOLEAN: to_boolean, DATE: day_of, TEXT: str}
CONVERSIONS: dict[str, Callable[[Any], Any]] = {NUMBER: to_number, BOOLEAN: to_boolean, DATE: to_day, TEXT: to_text}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
HAS_VALUE = "d2:hasValue"
YES = Node("constant", "true")
#: What operators and functions give, where that is sure.
GIVEN = {
    **dict.fromkeys(("&&", "||", "!", "==", "!=", *COMPARISONS, HAS_VALUE, *OF_CASE), BOOLEAN),
    **dict.fromkeys((*ARITHMETIC, *NUMERIC), NUMBER),
}
LETTERS = {"n": NUMBER, "b": BOOLEAN, "t": TEXT, "d": DATE}
#: How often a part must come in the rules of a program to be worth remembering, and what never is.
OFTEN = 3
CHEAP = {HAS_VALUE, "==", "!="}


class Scope:
    """The variables that expressions of a program may name; parts that come often are calculated once a case."""

    def __init__(self, variables: dict[str, Variable], texts: Iterable[str] = ()):
        self.variables = variables
        self._shared: dict[Node, Run] = {}
        self._counts = Counter(part for text in texts for part in _parts_of(text))

    def condition(self, text: str) -> tuple[frozenset[str], Run]:
        """Return the data elements without whose values a rule does not act, and what decides when all have one."""
        needs: set[str] = set()

        def make(tree: Node) -> Run:
            parts = _chain(tree) if tree.kind == "operator" and tree.text == "&&" else [tree]
            needs.update(filter(None, takewhile(bool, map(self._element_of, parts))))
            rest = list(dropwhile(self._element_of, parts))
            return self._joined(rest, stop=False) if len(rest) > 1 else self._any(rest[0] if rest else YES)

        run = self._prepared(text, make)
        return frozenset(needs), run

    def content(self, text: str) -> Callable[[Case], str | None]:
        """Return what an expression gives, as text; a variable alone gives its value as it stands."""
        run = self._prepared(text, self._as_it_stands)
        return lambda case: to_text(run(case))

    @staticmethod
    def _prepared(text: str, make: Callable[[Node], Run]) -> Run:
        """Make an expression ready; one that cannot be read fails when it is run, as on a server."""
        if not text.strip():
            return lambda _case: ""
        try:
            return make(parse(text))
        except ExpressionError as error:
            return failing(str(error))

    def _any(self, node: Node) -> Run:
        """Return a part as the value that it is."""
        make = {"number": _number, "text": _text, "constant": _constant, "item": self._item, "sign": self._sign,
                "operator": self._operator, "function": self._function}[node.kind]  # fmt: skip
        if self._counts[node] < OFTEN:
            return make(node)
        if node not in self._shared:
            self._shared[node] = once(make(node))
        return self._shared[node]

    def _of(self, kind: str, node: Node) -> Run:
        """Return a part as a value of a type."""
        run, convert = self._any(node), CONVERSIONS[kind]
        return run if self._gives(node) == kind else lambda case: convert(run(case))

    def _gives(self, node: Node) -> str | None:
        """Return the type of what a part gives, where that is sure."""
        if node.kind == "item":
            variable = self._find(node)
            return variable.type if variable and not variable.changes else None
        if node.kind in ("number", "text"):
            return NUMBER if node.kind == "number" else TEXT
        return GIVEN.get(node.text)

    def _find(self, node: Node) -> Variable | None:
        return self.variables.get(_name(node))

    def _as_it_stands(self, node: Node) -> Run:
        variable = self._find(node) if node.kind == "item" else None
        if variable is None:
            return self._any(node)
        return assigned_or(_name(node), variable, reading(variable.text, DEFAULTS[variable.type], str))

    def _item(self, node: Node) -> Run:
        variable = self._find(node)
        if variable is None:
            return unknown(_name(node))
        default, convert = DEFAULTS[variable.type], OF_TEXT[variable.type]
        if variable.element is None:
            return assigned_or(_name(node), variable, reading(variable.text, default, convert))
        return from_event(variable.element, default, None if variable.type == TEXT else convert)

    def _sign(self, node: Node) -> Run:
        [part] = node.parts
        if node.text == "!":
            run = self._of(BOOLEAN, part)
            return lambda case: not there(run(case))
        number = self._of(NUMBER, part)
        return (lambda case: there(number(case))) if node.text == "+" else lambda case: -there(number(case))

    def _operator(self, node: Node) -> Run:
        name = node.text
        if name in ("&&", "||"):
            return self._joined(_chain(node), stop=name == "||")
        if name in ARITHMETIC:
            return self._two(ARITHMETIC[name], NUMBER, *node.parts)
        if name in ("==", "!="):
            same = self._same(*node.parts)
            return same if name == "==" else lambda case: not same(case)
        how = COMPARISONS[name]
        if all(self._gives(part) == NUMBER for part in node.parts):
            return self._two(how, NUMBER, *node.parts)
        left, right = map(self._any, node.parts)
        return lambda case: compare(how, left(case), right(case))

    def _joined(self, parts: list[Node], *, stop: bool) -> Run:
        one_of = self._one_of(parts) if stop else None
        return one_of or all_or_any(tuple(self._of(BOOLEAN, part) for part in parts), stop=stop)

    def _one_of(self, parts: list[Node]) -> Run | None:
        """Return whether a text is one of several, for a chain of ``or`` that asks nothing else."""
        if any(part.kind != "operator" or part.text != "==" or part.parts[1].kind != "text" for part in parts):
            return None
        left = parts[0].parts[0]
        if self._gives(left) != TEXT or any(part.parts[0] != left for part in parts):
            return None
        read, texts = self._any(left), {part.parts[1].text for part in parts}
        return lambda case: read(case) in texts

    def _same(self, one: Node, other: Node) -> Run:
        kind = self._gives(one)
        if kind in (NUMBER, TEXT) and kind == self._gives(other):
            return self._two(eq, kind, one, other)
        left, right = self._any(one), self._any(other)
        return lambda case: equal(left(case), right(case))

    def _two(self, function: Callable[[Any, Any], Any], kind: str, one: Node, other: Node) -> Run:
        """Return what a function makes of two parts of a type."""
        left, right = self._of(kind, one), self._of(kind, other)
        if other.kind in ("number", "text"):
            fixed = CONVERSIONS[kind](other.text)
            return lambda case: function(left(case), fixed)
        return lambda case: function(left(case), right(case))

    def _function(self, node: Node) -> Run:
        name, parts = node.text, node.parts
        if name == HAS_VALUE and len(parts) == 1:
            return self._has_value(parts[0])
        if name in OF_CASE and len(parts) == 1:
            ask, uid = OF_CASE[name], self._of(TEXT, parts[0])
            return lambda case: ask(case, uid(case))
        if name not in FUNCTIONS:
            raise ExpressionError(f"Unknown function: '{name}'")
        letters, function = FUNCTIONS[name]
        runs = [self._argument(letter, part)
                for letter, part in zip(_letters(name, letters, len(parts)), parts, strict=True)]  # fmt: skip
        if len(runs) == 1:
            [only] = runs
            return lambda case: function(only(case))
        if len(runs) == len("ab"):
            one, other = runs
            return lambda case: function(one(case), other(case))
        return lambda case: function(*[run(case) for run in runs])

    def _argument(self, letter: str, part: Node) -> Run:
        if letter == "v":
            return self._variable(part)
        return self._of(LETTERS[letter], part) if letter in LETTERS else self._any(part)

    def _variable(self, part: Node) -> Run:
        """Return a variable itself; a text names one, too."""
        name, variable = _name(part), self._find(part)
        if variable is None:
            return unknown(name)
        whole = variable.whole
        return lambda case: Value(case.assigned[name]) if name in case.assigned else whole(case)

    def _has_value(self, part: Node) -> Run:
        name, variable = _name(part), self._find(part)
        if variable is None:
            return lambda case: case.assigned.get(name) is not None
        element, text = variable.element, variable.text
        if element is not None:
            return lambda case: element in case.values

        def run(case: Case) -> bool:
            try:
                return (case.assigned[name] if name in case.assigned else text(case)) is not None
            except ExpressionError:
                return False

        return run

    def _element_of(self, part: Node) -> str | None:
        """Return the data element that a part asks to have a value, if that is all that it asks."""
        variable = self._find(part.parts[0]) if part.text == HAS_VALUE and len(part.parts) == 1 else None
        return variable.element if variable else None


def _parts_of(text: str) -> Iterator[Node]:
    """Give all parts of an expression that take some calculating; none of one that cannot be read."""
    with suppress(ExpressionError):
        waiting = [parse(text)]
        while waiting:
            node = waiting.pop()
            waiting += node.parts
            if node.kind in ("operator", "function") and node.text not in CHEAP:
                yield node


def _name(node: Node) -> str:
    """Return what an item names; a text may name a variable, too."""
    return node.text[2:-1] if node.kind == "item" else node.text


def _letters(name: str, letters: str, count: int) -> str:
    """Return a letter for each argument that an expression gives to a function."""
    if letters.endswith("*"):
        least, found = len(letters) - 1, letters[:-1] + letters[-2] * count
    else:
        least, found = len(letters.partition("?")[0]), letters.replace("?", "")
    if not least <= count <= len(found):
        raise ExpressionError(f"Wrong number of arguments of {name}: {count}")
    return found[:count]


def _chain(node: Node) -> list[Node]:
    """Return all that one operator joins from left to right."""
    left, right = node.parts
    same = left.kind == "operator" and left.text == node.text
    return [*_chain(left), right] if same else [left, right]


def _number(node: Node) -> Run:
    number = float(node.text)
    return lambda _case: number


def _text(node: Node) -> Run:
    text = node.text
    return lambda _case: text


def _constant(node: Node) -> Run:
    constant = CONSTANTS[node.text]
    return lambda _case: constant
