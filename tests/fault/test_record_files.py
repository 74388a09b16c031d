"""Record files that are wrong: as a whole they are refused with their line, in part the good ones go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fault.servers import Ran, provisioned, tpi
from tpi_dhis2.sandbox.server import Sandbox, serve

HEAD = """
as_of: 2026-11-23
partnerships:
- key: a
  unit: TPI_DEMO_NDARAVI_RH
  attributes: {name: Alpha, code: ALPHA, model: HOSPITAL_HOSPITAL, partner_name: Beta, partner_country: GB}
  cycles:
  - key: 1
    began: 2024-01-15
    records:
      needs:
"""
GOOD = "      - {date: 2026-02-20, needs_round: BASELINE, staff_heard: 3}\n"


@pytest.fixture
def server():
    sandbox = provisioned()
    with serve(sandbox) as url:
        yield sandbox, url


def push(server: tuple[Sandbox, str], folder: Path, *contents: str | bytes) -> Ran:
    """Push these record files."""
    paths = [folder / f"records-{number}.yaml" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    store = f"sqlite:///{folder / 'store.sqlite'}"
    given = {"url": server[1], "username": "admin", "password": "district", "store": store}
    return tpi("sync", "push", *paths, "--json", **given)


WHOLLY_WRONG = {
    "empty": "",
    "a list": "- a\n",
    "a text": "partnerships\n",
    "no list": "partnerships: {a: b}\n",
    "a tab": "partnerships:\n\t- a\n",
    "open bracket": HEAD + "      - {date: 2026-02-20\n",
    "binary": b"PK\x03\x04\x00\x00\xff\xfe",
    "Latin-1": "partnerships:\n- key: Bouaké\n".encode("latin-1"),
    "deep": "[" * 4000,
    "python": "partnerships: !!python/object/apply:os.system [true]\n",
    "no such anchor": "partnerships: *nothing\n",
    "no date": "as_of: soon\npartnerships: []\n",
    "cut JSON": '{"partnerships": [{"key": "a"',
    # The second section would be taken and the first lost in silence.
    "a section twice": HEAD + GOOD + "      needs:\n      - {date: 2026-03-20, needs_round: REPEAT}\n",
}


@pytest.mark.parametrize("content", WHOLLY_WRONG.values(), ids=list(WHOLLY_WRONG))
def test_what_is_no_record_file_is_refused_with_one_line(server, tmp_path, content):
    before = list(server[0].state.table("trackedEntities"))
    ran = push(server, tmp_path, HEAD + GOOD, content)
    assert (ran.code, ran.out) == (1, ""), ran
    assert ran.lines[0].startswith("Error: ")
    assert "records-1.yaml" in ran.lines[0]
    assert "Unexpected" not in ran.err
    assert len(ran.lines) <= 3
    assert list(server[0].state.table("trackedEntities")) == before, "the good file was taken half way"


def test_a_file_that_is_not_there_and_a_folder(server, tmp_path):
    given = {"url": server[1], "username": "admin", "password": "district", "store": f"sqlite:///{tmp_path / 's'}"}
    for path in (tmp_path / "missing.yaml", tmp_path):
        ran = tpi("sync", "push", path, **given)
        assert ran.code == 1
        assert f"{path} cannot be read" in ran.err


def test_a_json_file_may_say_its_day(server, tmp_path):
    ran = push(server, tmp_path, json.dumps({"as_of": "2026-11-23", "partnerships": []}))
    assert ran.code == 0, ran


PARTLY_WRONG = {
    "no day of the calendar": ("      - {date: 2026-02-30, needs_round: REPEAT}\n", "calendar"),
    "no month": ("      - {date: 2026-13-01, needs_round: REPEAT}\n", "calendar"),
    "no date": ("      - {date: soon, needs_round: REPEAT}\n", "is not a date"),
    "no number": ("      - {date: 2026-02-22, needs_round: REPEAT, staff_heard: many}\n", "is not a number"),
    "too large": ("      - {date: 2026-02-22, needs_round: REPEAT, staff_heard: 1e400}\n", "number"),
    "no option": ("      - {date: 2026-02-22, needs_round: WHENEVER}\n", "is not one of"),
    "no field": ("      - {date: 2026-02-22, needs_round: REPEAT, staf_heard: 3}\n", "staf_heard"),
    "a table": ("      - {date: 2026-02-22, needs_round: REPEAT, staff_heard: {a: b}}\n", "one value"),
    "a list": ("      - [2026-02-22]\n", "name: value"),
    "no kind": ("      party:\n      - {date: 2026-02-22}\n", "no kind of record"),
}


@pytest.mark.parametrize(("bad", "says"), PARTLY_WRONG.values(), ids=list(PARTLY_WRONG))
def test_a_bad_record_is_set_aside_with_its_place_and_the_good_ones_go_on(server, tmp_path, bad, says):
    ran = push(server, tmp_path, HEAD + GOOD + bad)
    assert ran.code == 0, ran
    set_aside = json.loads(ran.out)["set_aside"]
    assert len(set_aside) == 1
    assert set_aside[0]["place"].startswith("records-0.yaml: partnership 'a', cycle 1")
    assert says in set_aside[0]["reason"]
    assert len(server[0].state.table("events")) == 1


def test_a_bad_record_is_found_in_the_right_one_of_several_files(server, tmp_path):
    ran = push(server, tmp_path, HEAD + GOOD, HEAD.replace("key: a", "key: b") + "      - {date: soon}\n")
    assert "records-1.yaml" in json.loads(ran.out)["set_aside"][0]["place"]


@pytest.mark.parametrize(
    ("written", "kept"), [("partner_country: NO", "NO"), ("partner_country: 'NO'", "NO")], ids=["bare", "quoted"]
)
def test_norway_is_a_country(server, tmp_path, written, kept):
    ran = push(server, tmp_path, HEAD.replace("partner_country: GB", written) + GOOD)
    assert json.loads(ran.out)["set_aside"] == []
    assert f'"{kept}"' in json.dumps(server[0].state.tables)


def test_a_code_of_digits_keeps_its_zeros(server, tmp_path):
    ran = push(server, tmp_path, HEAD.replace("TPI_DEMO_NDARAVI_RH", "00123") + GOOD)
    assert "'00123'" in json.loads(ran.out)["set_aside"][0]["reason"]


def test_a_time_for_the_day_of_the_file_is_not_sent_as_a_date(server, tmp_path):
    content = HEAD.replace("as_of: 2026-11-23", "as_of: 2026-11-23 10:00:00").replace("    began: 2024-01-15\n", "")
    push(server, tmp_path, content.replace("key: a", "key: timed").replace("ALPHA", "TIMED"))
    given = {"store": f"sqlite:///{tmp_path / 'store.sqlite'}"}
    assert "10:00" not in tpi("sync", "status", "--json", **given).out + tpi("sync", "conflicts", **given).out
