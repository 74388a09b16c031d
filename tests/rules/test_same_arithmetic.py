"""The rules and the domain give the same values, to the letter: DHIS2's own engine is held against ``calculate``.

A value that differs by more than 0.01, or a date that differs at all, a server refuses with E1307; one that differs in
its text only would go back and forth between server and store for ever.
"""

from __future__ import annotations

import datetime as dt
import random

from tests.rules.engine import Case, assigned, run
from tpi_dhis2.domain import calculate
from tpi_dhis2.domain.functioning import DOMAINS
from tpi_dhis2.domain.measures import CORE_DIRECTIONS
from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.package.sources import load

Values = dict[str, str]
MEASURES = [*CORE_DIRECTIONS, "OTHER"]
TODAY = dt.date(2024, 6, 1)


def _some(chance: random.Random, **values: object) -> Values:
    """The values, each of them missing now and then."""
    return {key: str(value) for key, value in values.items() if value is not None and chance.random() > 0.12}


def _number(chance: random.Random) -> str:
    """A number as people write it, often one whose half is hard to round: two or three decimals, some of them 5."""
    digits = chance.choice([0, 1, 2, 3, 3])
    text = f"{chance.uniform(-50, 300):.{digits}f}"
    return f"{text[:-1]}5" if digits == 3 else text


def _day(chance: random.Random) -> str:
    return (dt.date(2023, 12, 25) + dt.timedelta(days=chance.randrange(400))).isoformat()


def _priority(chance: random.Random) -> Values:
    return _some(
        chance, impact=chance.randint(1, 5), feasibility=chance.randint(1, 5), measure=chance.choice(MEASURES),
        direction=chance.choice(["HIGHER", "LOWER", None, None]), baseline=_number(chance), desired=_number(chance),
    )  # fmt: skip


def _plan(chance: random.Random) -> Values:
    host, partner = _day(chance), _day(chance)
    return _some(chance, plan_host_signed=host, plan_partner_signed=chance.choice([host, partner]))


def _activity(chance: random.Random) -> Values:
    return _some(
        chance, planned_end=_day(chance), new_deadline=chance.choice([None, _day(chance)]),
        date_known=chance.choice(["DAY", "MONTH", "YEAR", "NOT_STATED"]),
    )  # fmt: skip


def _measurement(chance: random.Random) -> Values:
    below = chance.choice([0, 1, 3, 6, 7, 8, 16, 40, 80, 160, 400, 800, 1604, chance.randint(1, 99999)])
    return _some(
        chance, measure=chance.choice(MEASURES), measure_unit="%", denominator=below, numerator=chance.randint(0, 900),
        value=chance.choice([None, _number(chance)]),
    )  # fmt: skip


def _functioning(chance: random.Random) -> Values:
    spared = chance.choice([0.0, 0.1, 0.25, 0.4])
    keys = [key for domain in DOMAINS.values() for key in domain]
    return {key: str(chance.randint(1, 4)) for key in keys if chance.random() >= spared}


MAKERS = {
    "priority": _priority,
    "plan": _plan,
    "activity": _activity,
    "measurement": _measurement,
    "functioning": _functioning,
}


def _cases() -> list[Case]:
    chance = random.Random(20240601)  # noqa: S311
    return [Case(kind, make(chance)) for kind, make in MAKERS.items() for _ in range(120)]


def _domain(case: Case) -> Values:
    record = Record("r", case.kind, case.values, TODAY)
    found = calculate.of_record(record, Cycle("c", TODAY, records=(record,)), TODAY)
    return {key: value for key, value in found.items() if value is not None}


def test_rules_and_domain_calculate_the_same_to_the_letter() -> None:
    cases = _cases()
    for case, found in zip(cases, run(cases), strict=True):
        assert [effect for effect in found if effect["type"] == "ERROR"] == [], case
        assert assigned(found) == _domain(case), case


def test_the_cases_reach_every_field_that_a_rule_fills_in_and_leave_each_empty_too() -> None:
    filled = {key for rule in load().rules for key in rule.assign}
    results = [(case.kind, _domain(case)) for case in _cases()]
    assert {key for _, found in results for key in found} == filled
    for rule in load().rules:
        for key in rule.assign:
            assert any(kind == rule.stages[0] and key not in found for kind, found in results), key
