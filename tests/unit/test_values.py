"""Values: as people write them, as DHIS2 stores them, and a plain sentence when that cannot be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.unit.builders import UNIT, info
from tpi_dhis2.package.fields import FieldInfo, package_fields
from tpi_dhis2.package.forms import FieldSource
from tpi_dhis2.sync.values import ATTRIBUTE_LIMIT, VALUE_LIMIT, ValueProblem, wire


def of_type(value_type: str) -> FieldInfo:
    return FieldInfo("field", UNIT, FieldSource(), value_type, None)


@pytest.mark.parametrize(
    ("key", "given", "stored"),
    [
        ("host_lead", "  Dr A \n", "Dr A"),
        ("host_lead", 2016, "2016"),
        ("host_beds", 210, "210"),
        ("host_beds", "210", "210"),
        ("host_beds", 210.0, "210"),
        ("host_beds", 0, "0"),
        ("priority_no", "1", "1"),
        ("value", 8.4, "8.4"),
        ("value", "8.40", "8.40"),
        ("value", 66.0, "66.0"),
        ("value", 0, "0"),
        ("value", -0.0, "0"),
        ("change_stated", -50, "-50"),
        ("percent_done", 100, "100"),
        ("percent_done", "12.5", "12.5"),
        ("agreement_signed", True, "true"),
        ("agreement_signed", False, "false"),
        ("agreement_signed", "Yes", "true"),
        ("agreement_signed", "no", "false"),
        ("agreement_signed", 1, "true"),
        ("principles", "yes", "true"),
        ("intended_end", dt.date(2016, 8, 30), "2016-08-30"),
        ("intended_end", dt.datetime(2016, 8, 30, 23, 59, tzinfo=dt.UTC), "2016-08-30"),
        ("intended_end", "2016-08-30", "2016-08-30"),
        ("intended_end", "2016-08", "2016-08-01"),
        ("intended_end", 2016, "2016-01-01"),
        ("measure", "HH_COMPL", "HH_COMPL"),
        ("measure", " hand hygiene COMPLIANCE (%) ", "HH_COMPL"),
        ("score_ipc", 2, "2"),
        ("score_ipc", "0 Not present", "0"),
        ("partner_country", "Côte d’Ivoire", "CI"),  # noqa: RUF001 - so the country is written
        ("partner_unit", UNIT, UNIT),
    ],
)
def test_a_value_is_stored_as_dhis2_keeps_it(key: str, given: Any, stored: str) -> None:
    assert wire(info(key), given) == stored


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("host_beds", "many", "'many' is not a number"),
        ("host_beds", -1, "'-1' is not a whole number from 0 up"),
        ("host_beds", 2.5, "'2.5' is not a whole number"),
        ("priority_no", 0, "'0' is not a whole number from 1 up"),
        ("host_beds", "", "'' is not a number"),
        ("host_beds", True, "'true' is not a number"),
        ("value", "8,4", "'8,4' is not a number"),
        ("value", float("nan"), "'nan' is not a number that can be stored"),
        ("value", "inf", "'inf' is not a number that can be stored"),
        ("value", "1e999", "'1e999' is not a number that can be stored"),
        ("percent_done", 101, "'101' is not a percentage from 0 to 100"),
        ("percent_done", -1, "'-1' is not a percentage"),
        ("agreement_signed", "perhaps", "'perhaps' is not yes or no"),
        ("agreement_signed", 2, "'2' is not yes or no"),
        ("principles", False, "'false' is not yes"),
        ("principles", "no", "'no' is not yes"),
        ("intended_end", "30/08/2016", "write it as 2016-08-30"),
        ("intended_end", "2016-02-30", "'2016-02-30' is not a day of the calendar"),
        ("measure", "HH", "'HH' is not one of HH_COMPL, HH_KNOW, "),
        ("one_arm", "BOTH", "'BOTH' is not one of HOST, PARTNER"),
        ("partner_unit", "Voinjama", "'Voinjama' is no unit of the server"),
        ("host_lead", ["Dr A"], "a list stands where one value is expected"),
        ("host_lead", {"name": "Dr A"}, "stands where one value is expected"),
        ("host_lead", None, "stands where one value is expected"),
        ("host_lead", b"Dr A", "stands where one value is expected"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_plain_words(key: str, given: Any, said: str) -> None:
    with pytest.raises(ValueProblem) as raised:
        wire(info(key), given)
    assert said in str(raised.value)


def test_a_long_list_of_options_is_cut_in_the_reason() -> None:
    with pytest.raises(ValueProblem, match=r"^'Nowhere' is not one of (\w\w, ){7}\w\w \.\.\.$"):
        wire(info("partner_country"), "Nowhere")


@pytest.mark.parametrize("limit", [ATTRIBUTE_LIMIT, VALUE_LIMIT])
def test_a_text_may_be_as_long_as_the_server_takes_and_not_longer(limit: int) -> None:
    assert wire(info("host_lead"), "é" * limit, limit) == "é" * limit
    with pytest.raises(ValueProblem, match=f"the text has {limit + 1} characters, at most {limit} can be stored"):
        wire(info("host_lead"), "é" * (limit + 1), limit)


@pytest.mark.parametrize("number", [2**53 + 1, 10**22, 12345678901234567890])
def test_a_whole_number_is_stored_as_it_was_written_however_large(number: int) -> None:
    assert wire(info("host_population"), str(number)) == str(number)


def test_a_number_too_long_for_python_to_write_out_is_refused_and_no_crash() -> None:
    with pytest.raises(ValueProblem):
        wire(info("host_lead"), 1 << 20_000)


@pytest.mark.parametrize("value_type", ["INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE"])
def test_whole_numbers_begin_where_their_type_does(value_type: str) -> None:
    taken = []
    for number in (-1, 0, 1):
        try:
            taken.append(wire(of_type(value_type), number))
        except ValueProblem:
            continue
    assert taken == {"INTEGER": ["-1", "0", "1"], "INTEGER_POSITIVE": ["1"]}.get(value_type, ["0", "1"])


def test_no_type_of_the_package_but_free_text_takes_any_words() -> None:
    fields = package_fields()
    types = {each.value_type for each in (*fields.elements.values(), *fields.attributes.values())}
    taken = set()
    for value_type in types:
        try:
            wire(of_type(value_type), "any words: 1!")
        except ValueProblem:
            continue
        taken.add(value_type)
    assert taken == {"TEXT", "LONG_TEXT"}
