"""HMIS files: each mistake is told with its place, nothing is half taken, and the example of the manual can be read."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests.fault.servers import ROOT
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sync.hmis_file import HmisMapping, read_hmis_mapping

PAIR = "{numerator: A, denominator: B}"


def read(folder, text) -> HmisMapping:
    path = folder / "hmis.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_hmis_mapping(path, package_fields())


def test_the_example_of_the_manual_can_be_read(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "hmis.md").read_text("utf-8"), re.DOTALL)
    found = read(tmp_path, example)
    assert (found.period, found.since) == ("Monthly", dt.date(2025, 1, 1))
    assert {code: line.named for code, line in found.measures.items()} == {
        "MAT_DEATH": {"indicator": "MMR_FACILITY"},
        "INP_DEATH": {"numerator": "IPD_DEATHS", "denominator": "IPD_ADM"},
        "HH_COMPL": {"numerator": "fbfJHSPpUQD.pq2XI5kz2BY", "denominator": "fbfJHSPpUQD.PT59n8BQbqM"},
        "WATER_DAYS": {"value": "WASH_WATER_DAYS"},
    }


def test_json_is_read_as_well_and_numbers_are_names(tmp_path):
    found = read(tmp_path, '{"period": "Yearly", "measures": {"SHARPS": {"value": 12345}}}')
    assert found.measures["SHARPS"].named == {"value": "12345"}
    assert found.since is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "its content: it is no list of 'name: value'"),
        ("- period", "its content: it is no list of 'name: value'"),
        ("measures: {}", "period: this is missing"),
        ("period: Monthly", "measures: this is missing"),
        ("period: Weekly\nmeasures: {}", "period: 'Weekly' is not one of Monthly, Quarterly, SixMonthly, Yearly"),
        ("period: Monthly\nsince: soon\nmeasures: {}", "since: 'soon' is not a date"),
        ("period: Monthly\nunits: []\nmeasures: {}", "units: this is not known here"),
        (
            f"period: Monthly\nmeasures: {{BED_DAYS: {PAIR}}}",
            "measures: BED_DAYS is no core measure; there are HH_COMPL",
        ),
        (f"period: Monthly\nmeasures: {{OTHER: {PAIR}}}", "measures: OTHER is no core measure"),
        ("period: Monthly\nmeasures: {HH_COMPL: A}", "measures: HH_COMPL: it is no list"),
        ("period: Monthly\nmeasures: {HH_COMPL: {}}", "measures: HH_COMPL: give numerator and denominator, or"),
        ("period: Monthly\nmeasures: {HH_COMPL: {numerator: A}}", "measures: HH_COMPL: give numerator and denominator"),
        ("period: Monthly\nmeasures: {HH_COMPL: {value: A, indicator: B}}", "measures: HH_COMPL: give numerator and"),
        ("period: Monthly\nmeasures: {HH_COMPL: {number: A}}", "measures: HH_COMPL: number: this is not known here"),
        ("period: Monthly\nmeasures: {HH_COMPL: {value: [A]}}", "measures: HH_COMPL: value: one text is to stand here"),
        ("period: Monthly\nmeasures: {HH_COMPL: {value: ' '}}", "value: a code or UID is to stand here"),
        ("period: Monthly\nmeasures:\n  A: {value: B}\n  A: {value: C}", "line 4: 'A' stands twice"),
        ("period: [", "hmis.yaml, line "),
        (b"\xff\xfe", "is not a text file in UTF-8"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, text, told):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.advice


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_hmis_mapping(tmp_path / "none.yaml", package_fields())
