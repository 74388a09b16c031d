"""Every expression of the package is taken by DHIS2's own parser, and what is broken is refused by both."""

from __future__ import annotations

import pytest

from tests.rules.parser import CONDITION, INDICATOR, PROGRAM_INDICATOR, faults
from tpi_dhis2.package.expressions import BadExpression, parse
from tpi_dhis2.package.release import bundle

BROKEN = [
    (PROGRAM_INDICATOR, "(1 + 2"),
    (PROGRAM_INDICATOR, "1 + 2)"),
    (PROGRAM_INDICATOR, "#{x + ("),
    (PROGRAM_INDICATOR, "'open == 1"),
    (PROGRAM_INDICATOR, "1 +"),
    (PROGRAM_INDICATOR, "hello"),
    (PROGRAM_INDICATOR, "#{abcdefghijk.abcdefghijk} == "),
    (PROGRAM_INDICATOR, "d2:daysBetween(V{enrollment_date}, V{event_date}"),
    (INDICATOR, "I{abcdefghijk} / "),
    (INDICATOR, "I{abcdefghijk} * [weeks]"),
    (CONDITION, "d2:hasValue(#{X_CURR}"),
]


def _said() -> list[tuple[str, str, str]]:
    """Where an expression stands, its mode and its text."""
    built = bundle()
    places = [
        ("programIndicators", "expression", PROGRAM_INDICATOR),
        ("programIndicators", "filter", PROGRAM_INDICATOR),
        ("indicators", "numerator", INDICATOR),
        ("indicators", "denominator", INDICATOR),
        ("programRules", "condition", CONDITION),
    ]
    return [
        (f"{item['name']}: {prop}", mode, item[prop])
        for kind, prop, mode in places
        for item in built[kind]
        if prop in item
    ]


def test_dhis2s_own_parser_takes_every_expression_of_the_package() -> None:
    said = _said()
    assert len({mode for _, mode, _ in said}) == 3
    found = faults([(mode, text) for _, mode, text in said])
    assert [(place, text, fault) for (place, _, text), fault in zip(said, found, strict=True) if fault] == []


def test_what_is_broken_is_refused_by_dhis2_and_by_the_lint() -> None:
    for (mode, text), fault in zip(BROKEN, faults(BROKEN), strict=True):
        assert fault, (mode, text)
        with pytest.raises(BadExpression):
            parse(text)
