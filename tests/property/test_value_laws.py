"""Laws of values: checked or refused whatever is given, and checked once is checked for ever."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tpi_dhis2.package.fields import FieldInfo, package_fields
from tpi_dhis2.sandbox.tracker_values import FITS
from tpi_dhis2.sync.values import ValueProblem, wire

laws = settings(max_examples=250, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.shrink))
FIELDS = package_fields()
ALL = {**FIELDS.attributes, **FIELDS.elements}

fields = st.sampled_from(sorted(ALL)).map(ALL.__getitem__)
written = (
    st.text(max_size=20)
    | st.sampled_from(["", " ", "true", "No", "1", "0", "2016-08", "1e5", "-0", "1_0", "٣", "½", "nan", "ImspTQPwCqd"])
    | st.integers(-(10**6), 10**6).map(str)
    | st.decimals(-1000, 1000, places=2).map(str)
)
values = (
    written
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.times()
    | st.binary(max_size=5)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
)


def _some_value(field: FieldInfo) -> st.SearchStrategy[Any]:
    options = [*field.options, *field.options.values()] if field.options else []
    return st.sampled_from(options) | values if options else values


pairs = fields.flatmap(lambda field: st.tuples(st.just(field), _some_value(field)))


@laws
@given(pairs)
def test_anything_is_stored_or_refused_and_nothing_else_happens(pair: tuple[FieldInfo, Any]) -> None:
    field, value = pair
    try:
        stored = wire(field, value)
    except ValueProblem:
        return
    assert stored == stored.strip()
    assert wire(field, stored) == stored


@laws
@given(pairs)
def test_what_is_stored_is_what_a_server_takes(pair: tuple[FieldInfo, Any]) -> None:
    field, value = pair
    try:
        stored = wire(field, value)
    except ValueProblem:
        return
    assert FITS.get(field.value_type, bool)(stored) or not stored
    assert field.options is None or stored in field.options


@laws
@given(st.integers(0, 2**53))
def test_a_whole_number_is_stored_as_it_was_written(number: int) -> None:
    assert wire(ALL["host_population"], number) == wire(ALL["host_population"], str(number)) == str(number)


@laws
@given(st.decimals(-(10**6), 10**6, places=3))
def test_a_number_is_stored_as_the_same_number(number: Any) -> None:
    assert float(wire(ALL["value"], str(number))) == float(number)


@laws
@given(st.dates())
def test_a_day_is_stored_as_that_day_however_it_is_given(day: dt.date) -> None:
    noon = dt.datetime.combine(day, dt.time(12))
    assert {wire(ALL["intended_end"], given_as) for given_as in (day, noon, day.isoformat())} == {day.isoformat()}


@laws
@given(
    fields.filter(lambda field: field.options).flatmap(
        lambda f: st.tuples(st.just(f), st.sampled_from(sorted(f.options or {})))
    )
)
def test_an_option_may_be_given_by_code_or_by_label_in_any_case(pair: tuple[FieldInfo, str]) -> None:
    field, code = pair
    label = (field.options or {})[code]
    assert {wire(field, text) for text in (code, label, label.upper(), f" {label.lower()} ")} == {code}
