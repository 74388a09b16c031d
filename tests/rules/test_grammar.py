"""The grammar that the lint holds expressions to is that of DHIS2's own engine."""

from __future__ import annotations

import pytest

from tests.rules.engine import evaluated
from tpi_dhis2.domain.numbers import plain
from tpi_dhis2.package.expressions import BadExpression
from tpi_dhis2.package.rule_grammar import check

#: What people read otherwise than the engine does: the engine's result, and that of the reading from left to right.
OUT_OF_ORDER = {"12 / 2 * 3": ("2", "18"), "12 - 2 + 3": ("7", "13"), "12 % 8 / 2": ("0", "2")}
IN_ORDER = {
    "2 * 3 / 4": "1.5", "8 / 4 / 2": "1", "8 - 4 - 2": "2", "2 + 3 - 4": "1", "2 - 3 * 4": "-10", "(12 / 2) * 3": "18",
    "(12 - 2) + 3": "13", "-2 + 3": "1", "d2:oizp(0)": "1", "d2:oizp(0 - 1)": "0", "d2:floor(2.7) + d2:ceil(2.1)": "5",
    "d2:round(2.5)": "3", "1 < 2 && 2 >= 3 || !(1 == 1)": "false", "d2:length('a b')": "3",
    "d2:monthsBetween('2024-01-31', '2024-03-01')": "1", "d2:daysBetween('2024-02-28', '2024-03-01') != 2": "false",
}  # fmt: skip


def test_the_engine_takes_some_signs_before_others_of_their_kind() -> None:
    found = dict(zip(OUT_OF_ORDER, evaluated(list(OUT_OF_ORDER)), strict=True))
    assert found == {text: engine for text, (engine, _) in OUT_OF_ORDER.items()}
    assert all(engine != people for engine, people in OUT_OF_ORDER.values())


@pytest.mark.parametrize("text", OUT_OF_ORDER)
def test_what_the_engine_reads_out_of_order_is_refused(text: str) -> None:
    with pytest.raises(BadExpression, match="side by side"):
        check(text)


def test_what_is_accepted_the_engine_reads_as_people_do() -> None:
    for text in IN_ORDER:
        check(text)
    assert dict(zip(IN_ORDER, evaluated(list(IN_ORDER)), strict=True)) == IN_ORDER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "1 2",
        "(1",
        "1)",
        "#{A} = 1",
        '"a"',
        "d2:round(1, 2, 3)",
        "d2:length()",
        "1 and 2",
        "'a",
        "#{A",
        "1 ++ 2",
    ],
)
def test_what_no_engine_reads_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        check(text)


def test_halves_are_rounded_as_the_engine_rounds_them() -> None:
    numbers = [2.675, -2.675, 1.005, 0.125, -0.125, 0.005, -0.005, 8.345, 1234567.005, 0.994999]
    assert evaluated([f"d2:round({number}, 2)" for number in numbers]) == [plain(number) for number in numbers]
