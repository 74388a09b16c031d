"""The parser of DHIS2 expressions: what it reads, how operators bind, and what it refuses."""

from __future__ import annotations

import pytest

from tpi_dhis2.package.expressions import BadExpression, Node, conjuncts, parse


def told(node: Node) -> str:
    """A tree with a bracket around each operation."""
    if node.sort == "binary":
        return f"({told(node.parts[0])} {node.text} {told(node.parts[1])})"
    if node.sort == "unary":
        return f"({node.text}{told(node.parts[0])})"
    if node.sort == "call":
        return f"{node.text}[{', '.join(told(part) for part in node.parts)}]"
    return f"'{node.text}'" if node.sort == "text" else node.text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("10 - 4 - 3", "((10 - 4) - 3)"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("A{x} == 'P' || A{x} == 'Q' && 1 < 2", "((A{x} == 'P') || ((A{x} == 'Q') && (1 < 2)))"),
        ("!d2:hasValue(#{a.b}) || #{a.b} != 'C'", "((!d2:hasValue[#{a.b}]) || (#{a.b} != 'C'))"),
        ("d2:daysBetween(V{current_date},A{x}) >= 0", "(d2:daysBetween[V{current_date}, A{x}] >= 0)"),
        ("I{a} * [days] / 7", "((I{a} * [days]) / 7)"),
        ("1 and not true or false", "((1 && (!true)) || false)"),
        ('"two words" == \'\'', "('two words' == '')"),
        ("PS_EVENTDATE:abc", "PS_EVENTDATE:abc"),
        ("  7.5 ", "7.5"),
        ("d2:now()", "d2:now[]"),
    ],
)  # fmt: skip
def test_an_expression_is_read_as_dhis2_reads_it(text: str, tree: str) -> None:
    assert told(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a value is missing before 'the end'"),
        ("1 +", "a value is missing before 'the end'"),
        ("(1 + 2", "'\\)' is missing before 'the end'"),
        ("1 + 2)", "'\\)' is not expected"),
        ("1 2", "'2' is not expected"),
        ("#{a.b == 1", "cannot be read from '#\\{a.b == 1' on"),
        ("'open == 1", "cannot be read from ''open"),
        ("hello", "cannot be read from 'hello' on"),
        ("d2:count #{a.b}", "'\\(' is missing before '#\\{a.b\\}'"),
        ("d2:count(#{a.b} #{a.b})", "',' is missing before"),
        ("a = b", "cannot be read"),
        ("1 == && 2", "a value is missing before '&&'"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadExpression, match=said):
        parse(text)


def test_an_item_tells_what_it_names() -> None:
    items = [parse(text) for text in ("#{stage.field}", "A{x}", "V{event_date}", "PS_EVENTDATE:abc", "[days]")]
    assert [(item.mark, item.name) for item in items] == [
        ("#", "stage.field"), ("A", "x"), ("V", "event_date"), ("PS_EVENTDATE", "abc"), ("[days]", ""),
    ]  # fmt: skip


def test_the_conditions_that_must_all_hold_are_found_in_brackets_too() -> None:
    parts = conjuncts(parse("1 == 1 && (2 == 2 && (3 == 3 || 4 == 4))"))
    assert [told(part) for part in parts] == ["(1 == 1)", "(2 == 2)", "((3 == 3) || (4 == 4))"]
