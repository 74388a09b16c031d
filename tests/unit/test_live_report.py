"""What the report of a live run promises: each step, why one failed and what was asked, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree as Xml

import pytest
import requests

from tests.live import exchanges, story
from tests.live.exchanges import Exchange, Exchanges
from tests.live.report import Run, page, told_of, write
from tests.live.story import Step, Story
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.errors import UsageError
from tpi_dhis2.sandbox.server import Sandbox, serve

TOKEN = "d2p_" + "Geheim4711" * 5
BASIC = "YWRtaW46ZGlzdHJpY3Q="  # admin:district
SECRETS = ("district", "Another-1", BASIC, TOKEN)


def installs(_: object) -> None:
    """The package is there."""


def tells_secrets(client: Client) -> None:
    """What is sent, answered and asserted holds secrets."""
    client.ask("POST", "users", body={"username": "one", "password": "Another-1"}, expect=(409,))
    client.ask("POST", "apiToken", body={})
    raise AssertionError(f"{TOKEN} | district\n+ {{'Authorization': 'Basic {BASIC}', 'password': 'Another-1'}}")


def is_reached_by_nobody(_: object) -> None:
    """It comes behind what failed."""


def is_left_out(_: object) -> None:
    """Only a real server has it."""
    pytest.skip("a sandbox has | none")


def is_stopped(_: object) -> None:
    """Somebody presses Ctrl-C."""
    raise KeyboardInterrupt


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Exchanges:
    """The exchanges of a test of its own."""
    made = Exchanges()
    monkeypatch.setattr(story, "EXCHANGES", made)
    return made


def told(*acts, to: object = None, error: type[BaseException] | None = None) -> Story:
    made = Story("a story")
    if error is None:
        made.tell(*acts, to=to)
    else:
        with pytest.raises(error):
            made.tell(*acts, to=to)
    return made


def run_of(*stories: Story) -> Run:
    return Run({"Server": "https://dhis2.example.org"}, "2.42", list(stories))


def written(run: Run, folder: Path) -> dict[str, str]:
    write(run, folder)
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def rows(text: str) -> list[list[str]]:
    """The cells of all tables."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_no_secret_of_account_body_or_header_is_in_any_file(
    tmp_path: Path, seen: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TPI_DHIS2_USERNAME", "admin")
    monkeypatch.setenv("TPI_DHIS2_PASSWORD", "district")
    noted = mock.patch.object(requests.Session, "request", lambda *args, **given: seen.request(*args, **given))
    with noted, serve(Sandbox("2.42")) as url:
        failed = told(tells_secrets, to=Client(Account(url, "admin", "district"), pause=0.01), error=AssertionError)
    files = written(run_of(failed), tmp_path)
    lines = [json.loads(line) for line in files["failed-1.jsonl"].splitlines()]
    assert [line["asked"].split("/api/")[1] for line in lines] == ["users", "apiToken"]
    assert json.loads(lines[0]["sent"]) == {"username": "one", "password": "***"}
    assert json.loads(lines[1]["answer"])["response"]["key"] == "***"
    assert "E4055" in files["report.md"], "why the server refused stands on the page"
    key = json.loads(seen.kept[-1].answer)["response"]["key"]
    assert [(name, word) for name, text in files.items() for word in (*SECRETS, key) if word in text] == []


def test_a_failure_ends_a_story_and_what_is_behind_it_was_not_reached(tmp_path: Path, seen: Exchanges) -> None:
    failed = told(installs, refuses, is_reached_by_nobody, error=UsageError)
    files = written(run_of(failed, Story("another story", "What it demands.")), tmp_path)
    steps = {row[0]: (row[1], row[3]) for row in rows(files["report.md"]) if len(row) == 4}
    assert steps["installs"] == ("passed", "The package is there.")
    assert steps["refuses"][0] == "failed"
    assert steps["is reached by nobody"] == ("not reached", "It comes behind what failed.")
    assert steps["another story"] == ("not reached", "What it demands.")
    assert "**Not passed: 1 passed, 1 failed, 2 not reached**" in files["report.md"]
    assert "UsageError: No server is named.\nSet TPI" in files["report.md"], "with what to do"
    assert "at tests/unit/test_live_report.py" in files["report.md"], "with its place"
    tree = Xml.fromstring(files["junit.xml"])  # noqa: S314 - our own
    assert {name: tree.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "4", "failures": "1", "skipped": "2",
    }  # fmt: skip
    failure = tree.find("testsuite/testcase[@name='refuses']/failure")
    assert failure is not None
    assert failure.get("message") == "UsageError: No server is named."


def refuses(_: object) -> None:
    """It does not come to its end."""
    raise UsageError("No server is named.", "Set TPI_DHIS2_URL.", "\x00 in a detail")


def test_a_step_that_is_skipped_says_why_and_the_story_goes_on(tmp_path: Path, seen: Exchanges) -> None:
    run = run_of(told(is_left_out, installs))
    files = written(run, tmp_path)
    assert run.is_good
    assert "**Passed: 1 passed, 0 failed, 1 skipped**" in files["report.md"]
    assert "| a story | is left out | a sandbox has \\| none |" in files["report.md"]
    assert 'skipped message="a sandbox has | none"' in files["junit.xml"]


def test_a_run_that_only_skips_has_shown_nothing(seen: Exchanges) -> None:
    assert not run_of(told(is_left_out)).is_good


def test_what_somebody_stopped_is_told_apart_from_what_failed(tmp_path: Path, seen: Exchanges) -> None:
    stopped = told(installs, is_stopped, is_reached_by_nobody, error=KeyboardInterrupt)
    assert [step.outcome for step in stopped.steps] == ["passed", "stopped", "not reached"]
    assert not run_of(stopped).is_good
    assert "1 passed, 0 failed, 1 stopped, 1 not reached" in page(run_of(stopped))


def test_a_test_without_steps_is_one_step() -> None:
    whole = Story("a whole test", "Something.")
    for phase in ("setup", "call", "teardown"):
        whole.hear(phase, "passed", 1.0, "")
    assert [(step.name, step.demands, step.outcome) for step in whole.steps] == [
        ("a whole test", "Something.", "passed")
    ]
    beginning = Story("one that cannot begin")
    beginning.hear("setup", "failed", 1.0, "no server")
    assert [(step.name, step.said) for step in beginning.steps] == [("setup", "no server")]


def test_a_failed_step_is_told_once(seen: Exchanges) -> None:
    failed = told(refuses, error=UsageError)
    failed.hear("call", "failed", 1.0, "the same again")
    assert len(failed.steps) == 1


def exchange(number: int, status: int = 200) -> Exchange:
    return Exchange(f"2026-11-30T10:00:{number:02}", 0.1, f"GET http://x/api/{number}", "", status, "{}")


def test_with_a_failure_stand_the_last_answers_of_its_step_and_those_refused() -> None:
    step = Step("fails", began="2026-11-30T10:00:03")
    step.exchanges = [exchange(n, 409 if n in (2, 4) else 200) for n in range(10)]
    assert [one.asked[-1] for one in told_of(step)] == ["4", "7", "8", "9"]
    assert told_of(Step("nothing asked")) == []


def test_known_codes_are_explained() -> None:
    failed = Step("fails", outcome="failed", said="E1001 and E9999", exchanges=[exchange(1, 409)])
    told_there = page(run_of(Story("a story", steps=[failed])))
    assert "- E1001: this account may not write partnerships" in told_there
    assert "E9999:" not in told_there


def test_texts_of_a_server_break_neither_table_nor_fence() -> None:
    failed = Step("a|b `c` *d*", "x\ny", "failed", said="```\n| no | table |\n````")
    text = page(run_of(Story("s", steps=[failed])))
    assert "| a\\|b \\`c\\` \\*d\\* | failed | 0.0 | x y |" in text
    assert "`````text\n```\n| no | table |\n````\n`````" in text


def test_of_a_long_text_both_ends_are_shown_for_the_place_stands_at_the_end() -> None:
    failed = Step("fails", outcome="failed", said=f"begins{'x' * 100_000}at tests/live")
    text = page(run_of(Story("a story", steps=[failed])))
    assert len(text) < 6000
    assert "beginsx" in text
    assert "xat tests/live\n" in text


def test_exchanges_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "_ALL", 1000)
    seen = Exchanges()
    for number in range(50):
        seen._note(0.0, f"POST http://x/{number}", "a" * 90, 200, "b" * 10)
    assert [one.asked[-2:] for one in seen.kept] == [str(number) for number in range(40, 50)]
    assert len(seen.asked) == 50
