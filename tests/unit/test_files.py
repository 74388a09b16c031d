"""Record files: what people write is taken as written; what cannot be is set aside with its place and the reason."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.builders import draft, only_record, partnership_entry, read, record_file
from tpi_dhis2.errors import UsageError
from tpi_dhis2.sync import files

GOOD = partnership_entry("good", {"key": "1", "began": "2016-08", "records": {"contact": [{"contact_type": "CALL"}]}})

NO_FILES = {
    "no YAML": "partnerships: [",
    "empty": "",
    "a list": "- key: a",
    "a text": "partnerships",
    "another list": "partners: []",
    "no list": "partnerships: {key: a}",
    "two documents": "partnerships: []\n---\npartnerships: []",
    "as_of is no date": "as_of: soon\npartnerships: []",
}


@pytest.mark.parametrize("text", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_record_file_is_refused_whole(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path, text)
    assert "records.yaml" in str(raised.value)
    assert raised.value.advice


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            files.read(path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "records.yaml"
    path.write_bytes("partnerships: []  # Qualité".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        files.read(path)


def test_the_line_of_a_mistake_in_the_writing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 3"):
        read(tmp_path, "partnerships:\n  - key: a\n   unit: b\n")


def test_a_file_without_partnerships_holds_none(tmp_path: Path) -> None:
    found = read(tmp_path, "as_of: 2026-11-23\npartnerships: []")
    assert (found.partnerships, found.rejected, found.as_of) == ([], [], dt.date(2026, 11, 23))


def test_a_file_that_notepad_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "records.yaml"
    path.write_bytes("partnerships:\r\n- key: a\r\n  unit: U\r\n".encode("utf-8-sig"))
    assert [each.key for each in files.read(path).partnerships] == ["a"]


def test_the_same_content_is_read_from_json(tmp_path: Path) -> None:
    content = {"partnerships": [GOOD]}
    as_yaml, as_json = read(tmp_path, content), read(tmp_path, json.dumps(content))
    assert as_json.partnerships == as_yaml.partnerships


def test_the_day_of_a_json_file_is_read_though_json_has_no_dates(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps({"as_of": "2026-11-23", "partnerships": []})).as_of == dt.date(2026, 11, 23)


def test_any_letter_that_json_may_escape_is_read(tmp_path: Path) -> None:
    content = {"partnerships": [partnership_entry("a", note="Clean hands 👏")]}
    (found,) = read(tmp_path, json.dumps(content, ensure_ascii=True)).partnerships
    assert found.attributes["note"] == "Clean hands 👏"


def test_a_day_with_a_time_is_a_day(tmp_path: Path) -> None:
    as_of = read(tmp_path, "as_of: 2026-11-23 10:30:00\npartnerships: []").as_of
    assert as_of.isoformat() == "2026-11-23"


BAD: dict[str, tuple[Any, str, str]] = {
    "no mapping": ("just words", "partnership 2", "no list of 'name: value'"),
    "nothing": (None, "partnership 2", "no list of 'name: value'"),
    "names that are no words": ({None: "a"}, "partnership 2", "no list of 'name: value'"),
    "no key": ({"unit": "HOSPITAL"}, "partnership 2", "'key' is missing"),
    "no unit": ({"key": "bad"}, "partnership 2", "'unit' is missing"),
    "the same key": ({"key": "good", "unit": "HOSPITAL"}, "partnership 2", "the key 'good' stands twice"),
    "an unknown word": ({**GOOD, "key": "bad", "unti": "x"}, "partnership 2", "'unti' is not known here; known are"),
    "cycles that are no list": ({**GOOD, "key": "bad", "cycles": "one"}, "partnership 2", "'cycles' is no list"),
    "attributes that are a list": ({**GOOD, "key": "bad", "attributes": ["x"]}, "partnership 2", "no list of"),
}  # fmt: skip


@pytest.mark.parametrize(("bad", "place", "reason"), BAD.values(), ids=BAD)
def test_a_bad_partnership_is_set_aside_and_the_good_ones_go_on(
    tmp_path: Path, bad: Any, place: str, reason: str
) -> None:
    last = partnership_entry("last")
    found = read(tmp_path, {"partnerships": [GOOD, bad, last]})
    assert [each.key for each in found.partnerships] == ["good", "last"]
    (rejected,) = found.rejected
    assert rejected.place == place
    assert reason in rejected.reason


BAD_CYCLES: dict[str, tuple[Any, str]] = {
    "no mapping": (["1"], "no list of 'name: value'"),
    "no key": ({"began": "2016"}, "'key' is missing; number the cycles"),
    "an unknown word": ({"key": "2", "start": "2016"}, "'start' is not known here"),
    "records that are a list": ({"key": "2", "records": [{"contact_type": "CALL"}]}, "no list of 'name: value'"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD_CYCLES.values(), ids=BAD_CYCLES)
def test_a_bad_cycle_is_set_aside_and_the_good_ones_go_on(tmp_path: Path, bad: Any, reason: str) -> None:
    good = {"key": "1", "records": {"contact": [{"contact_type": "CALL"}]}}
    found = read(tmp_path, {"partnerships": [partnership_entry("a", bad, good)]})
    assert [cycle.key for cycle in found.partnerships[0].cycles] == ["1"]
    assert [(each.place, reason in each.reason) for each in found.rejected] == [("partnership 'a', cycle 1", True)]


@pytest.mark.parametrize("bad", ["a call", None, ["CALL"], {None: 2}])
def test_a_bad_record_is_set_aside_and_the_good_ones_go_on(tmp_path: Path, bad: Any) -> None:
    records = {"contact": [{"contact_type": "CALL"}, bad, {"contact_type": "WORKSHOP"}], "plan": [{"plan_title": "p"}]}
    found = read(tmp_path, {"partnerships": [partnership_entry("a", {"key": "1", "records": records})]})
    assert [record.place for record in found.partnerships[0].cycles[0].records] == [
        "partnership 'a', cycle 1, contact 1",
        "partnership 'a', cycle 1, contact 3",
        "partnership 'a', cycle 1, plan 1",
    ]
    assert [each.place for each in found.rejected] == ["partnership 'a', cycle 1, contact 2"]


def test_records_of_one_kind_that_are_no_list_do_not_take_the_other_kinds_along(tmp_path: Path) -> None:
    records = {"contact": {"contact_type": "CALL"}, "plan": [{"plan_title": "p"}]}
    found = read(tmp_path, {"partnerships": [partnership_entry("a", {"key": "1", "records": records})]})
    assert [record.kind for cycle in found.partnerships[0].cycles for record in cycle.records] == ["plan"]
    assert len(found.rejected) == 1


def test_a_kind_without_records_has_none(tmp_path: Path) -> None:
    found = read(tmp_path, "partnerships: [{key: a, unit: U, cycles: [{key: 1, records: {plan: , target: []}}]}]")
    assert found.rejected == []
    assert found.partnerships[0].cycles[0].records == []


# What YAML makes of words

WRITTEN_TEXT = ["No", "yes", "12:30", "0123", "1.10", "1_000", "2016-08-30 10:00", "0x1F", "off", "1e3", "007"]


@pytest.mark.parametrize("written", WRITTEN_TEXT)
def test_a_text_is_stored_as_it_was_written(tmp_path: Path, written: str) -> None:
    records = f"{{contact: [{{date: 2016-08-30, contact_type: CALL, decisions: {written}}}]}}"
    text = f"partnerships: [{{key: a, unit: HOSPITAL, cycles: [{{key: 1, began: 2016-01-01, records: {records}}}]}}]"
    assert only_record(draft(tmp_path, text)).text("decisions") == written


@pytest.mark.parametrize(
    ("kind", "fields", "key", "stored"),
    [
        ("functioning", "one_arm: HOST, pf_wish: YES", "pf_wish", "YES"),
        ("functioning", "one_arm: HOST, pf_wish: NO", "pf_wish", "NO"),
        ("contact", "date: 2017-01-01, visit_direction: REMOTE", "visit_direction", "REMOTE"),
        ("agreement", "endorsement: NONE", "endorsement", "NONE"),
    ],
)
def test_a_code_is_taken_though_yaml_reads_another_word(
    tmp_path: Path, kind: str, fields: str, key: str, stored: str
) -> None:
    records = f"{{{kind}: [{{{fields}}}]}}"
    text = f"partnerships: [{{key: a, unit: HOSPITAL, cycles: [{{key: 1, began: 2016-01-01, records: {records}}}]}}]"
    assert only_record(draft(tmp_path, text)).text(key) == stored


def test_norway_is_a_country(tmp_path: Path) -> None:
    found = draft(tmp_path, "partnerships: [{key: a, unit: HOSPITAL, attributes: {partner_country: NO}}]")
    assert [each.reason for each in found.rejected] == []
    assert found.drafts[0].patch["partner_country"] == "NO"


UNREADABLE = {
    "a day that the calendar lacks": "2016-02-30",
    "a number too long for Python": "9" * 5000,
    "a long hexadecimal number": "0x" + "f" * 5000,
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE)
def test_a_value_that_yaml_cannot_read_stops_neither_the_tool_nor_the_other_records(tmp_path: Path, value: str) -> None:
    path = record_file(
        tmp_path,
        "partnerships:\n- {key: good, unit: HOSPITAL}\n"
        f"- {{key: bad, unit: HOSPITAL, attributes: {{next_review: {value}}}}}\n- {{key: last, unit: HOSPITAL}}",
    )
    found = draft(tmp_path, path.read_text("utf-8"))
    assert [each.place for each in found.drafts] == [f"partnership '{key}'" for key in ("good", "bad", "last")]
    assert "next_review" not in found.drafts[1].patch
    assert [each.place for each in found.rejected] == ["partnership 'bad'"]


@pytest.mark.parametrize("tag", ["int", "float", "bool", "timestamp", "python/name:os.getcwd"])
def test_a_tag_that_does_not_fit_is_a_mistake_in_the_file_and_no_crash(tmp_path: Path, tag: str) -> None:
    try:
        found = read(tmp_path, f"partnerships: [{{key: good, unit: !!{tag} x}}]")
    except UsageError as error:
        assert "records.yaml" in str(error)  # noqa: PT017 - either is right
    else:
        assert len(found.partnerships) + len(found.rejected) == 1


def test_of_a_name_that_stands_twice_neither_value_is_dropped_without_a_word(tmp_path: Path) -> None:
    fields = "{date: 2017-01-10, contact_type: CALL, contact_type: WORKSHOP}"
    text = f"partnerships: [{{key: a, unit: HOSPITAL, cycles: [{{key: 1, records: {{contact: [{fields}]}}}}]}}]"
    try:
        found = draft(tmp_path, text)
    except UsageError:
        return
    assert found.rejected


@pytest.mark.parametrize("name", ["key", "unit"])
def test_a_key_too_long_for_python_to_write_out_stops_no_other(tmp_path: Path, name: str) -> None:
    words = {"key": "bad", "unit": "HOSPITAL", name: f"0x{'f' * 5000}"}
    text = f"partnerships:\n- {{key: {words['key']}, unit: {words['unit']}}}\n- {{key: last, unit: HOSPITAL}}"
    assert "partnership 'last'" in [each.place for each in draft(tmp_path, text).drafts]
