"""A plan in a file: an apply does exactly what it says, or refuses; through the real command line."""

from __future__ import annotations

import json

import pytest

from tests.fault.servers import tpi
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.provision.sealed import checksum

PROGRAM, PLAN = package_fields().program, package_fields().stages["plan"].uid


@pytest.fixture
def run(installed, tmp_path):
    """The command line as the administrator of a server where somebody has renamed a stage."""
    _rename(installed, "Our plan")

    def run(*args):
        return tpi("provision", *args, url=installed.base, username="admin", password="district")

    run.file = tmp_path / "plan.json"
    run.apply = lambda: run("apply", "--plan", run.file, "--yes", "--backups", tmp_path / "backups")
    return run


def _rename(client, name):
    Metadata(client).patch("programStages", PLAN, [{"op": "replace", "path": "/name", "value": name}])


def writes(ready):
    return [path for method, path in ready.requests if method != "GET"]


def test_a_saved_plan_is_done_as_it_says_and_only_once(run, installed):
    said = run("plan", "--out", run.file)
    assert said.code == 0
    assert f"Saved in {run.file}" in said.err
    [step] = [step for step in json.loads(run.file.read_text())["steps"] if step["action"] == "update"]
    assert step["changes"] == [{"prop": "name", "old": "Our plan", "new": "4 Action plan"}]
    assert run.apply().code == 0
    assert make_plan(installed, bundle(installed.version.short)).is_empty
    again = run.apply()
    assert again.code == 1
    assert "is stale" in again.err


def test_a_plan_that_the_server_has_outrun_is_refused_with_what_changed(run, installed, ready):
    run("plan", "--out", run.file)
    _rename(installed, "Their plan")
    ready.requests.clear()
    refused = run("apply", "--plan", run.file, "--yes", "--verbose")
    assert refused.code == 1
    assert "is stale: the server has changed since" in refused.err
    assert "programStages 4 Action plan: update -> update" in refused.err
    assert not writes(ready)


def test_a_plan_is_stale_when_what_would_be_sent_with_it_has_changed(run, installed, ready):
    Metadata(installed).patch("programs", PROGRAM, [{"op": "replace", "path": "/description", "value": "Ours"}])
    run("plan", "--out", run.file)
    units = installed.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id]"})["organisationUnits"]
    installed.ask("DELETE", f"programs/{PROGRAM}/organisationUnits/{units[0]['id']}")
    refused = run("apply", "--plan", run.file, "--yes", "--verbose")
    assert refused.code == 1
    assert "what the site owns" in refused.err
    assert (
        len(installed.get(f"programs/{PROGRAM}", {"fields": "organisationUnits[id]"})["organisationUnits"])
        == len(units) - 1
    )


@pytest.mark.parametrize(
    ("prop", "value", "words"),
    [
        ("server", "https://other.example.org", "was made for the server https://other.example.org"),
        ("system", "abcdefghijk", "was made for another server"),
        ("version", "0.1.0", "is for version 0.1.0 of the package"),
        ("dhis2", "2.39.1", "was made for DHIS2 2.39.1"),
        ("digest", "0123456789abcdef", "is for another build"),
        ("format", 2, "written by another version of tpi-dhis2"),
        ("kind", "backup", "is no plan"),
    ],
)
def test_a_plan_for_something_else_is_refused(run, ready, prop, value, words):
    run("plan", "--out", run.file)
    found = {key: each for key, each in json.loads(run.file.read_text()).items() if key != "checksum"} | {prop: value}
    run.file.write_text(json.dumps({**found, "checksum": checksum(found)}), encoding="utf-8")
    ready.requests.clear()
    refused = run.apply()
    assert refused.code == 1
    assert words in refused.err
    assert not writes(ready)


def test_a_plan_that_was_edited_damaged_or_never_made_is_refused(run, ready):
    run("plan", "--out", run.file)
    text = run.file.read_text(encoding="utf-8")
    ready.requests.clear()
    for content, words in (
        (text.replace("4 Action plan", "5 Action plan"), "edited by hand"),
        (text[: len(text) // 2], "is damaged"),
        ("", "is damaged"),
        ("[]", "is no plan"),
    ):
        run.file.write_text(content, encoding="utf-8")
        refused = run.apply()
        assert (refused.code, words in refused.err) == (1, True), (content[:20], refused.err)
        assert "provision plan --out FILE" in refused.err
    run.file.unlink()
    assert "cannot be read" in run.apply().err
    assert not writes(ready)


def test_a_plan_that_cannot_be_saved_says_so(run, tmp_path):
    (tmp_path / "file").write_text("")
    refused = run("plan", "--out", tmp_path / "file" / "plan.json")
    assert (refused.code, "cannot be written" in refused.err) == (1, True)


def test_a_plan_holds_no_secret_and_nothing_of_people(run, installed):
    run("plan", "--out", run.file)
    text = run.file.read_text(encoding="utf-8")
    assert "district" not in text
    assert '"sharing"' not in text


def test_two_administrators_the_second_is_told_to_plan_again(run, tmp_path):
    mine, theirs = tmp_path / "mine.json", tmp_path / "theirs.json"
    run("plan", "--out", mine)
    run("plan", "--out", theirs)
    assert run("apply", "--plan", theirs, "--yes", "--backups", tmp_path).code == 0
    refused = run("apply", "--plan", mine, "--yes", "--backups", tmp_path)
    assert (refused.code, "Plan again" in refused.err) == (1, True)


def test_a_plan_as_a_page(run):
    page = run("plan", "--markdown").out
    assert page.startswith("# Plan for http")
    assert "  - `name`: `Our plan` → `4 Action plan`" in page
    assert run("plan", "--markdown", "--json").code == 2
