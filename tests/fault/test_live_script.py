"""scripts/live as a person runs it: a process, a server over a real socket, and what is left there afterwards."""

from __future__ import annotations

import os
import signal
from xml.etree import ElementTree as Xml

import pytest

from tests.fault.servers import ROOT, admin
from tests.fault.test_scheduled import script, started
from tests.live.facilities import FACILITIES, SCOPES, facilities
from tests.live.life import PROGRAM, Life, lived
from tests.live.partners import install
from tests.live.site import make_it_its_own
from tests.live.story import Story
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.sandbox.server import Sandbox, serve

pytestmark = pytest.mark.skipif(os.name != "posix", reason="scripts/ are for POSIX shells")
LIVE = ROOT / "scripts" / "live"
UNIT = {"id": "aUnitOfTheS", "name": "A unit", "shortName": "A unit"}
ADMIN = {"username": "admin", "password": "district"}


def all_there(client):
    """The UIDs of all that a server has, by type, and where its administrator may work."""
    held = Life(client, [], None, Story("")).ids()
    scopes = Metadata(client).me(",".join(f"{scope}[id]" for scope in SCOPES))
    return held, {scope: scopes[scope] for scope in SCOPES}


def test_it_runs_on_a_sandbox_of_its_own_and_reports(tmp_path):
    ran = script(tmp_path, "sandbox", "--as", "2.41", "--only", "life", "-k", "who_may_not", script=LIVE)
    assert ran.code == 0, ran
    assert ran.out.splitlines()[-1] == "Passed: 4 passed, 0 failed. The report is in live-report/report.md"
    page = (tmp_path / "live-report" / "report.md").read_text("utf-8")
    assert "| DHIS2 | 2.41.5.1, revision sandbox" in page
    assert "| Account | admin (superuser, by password) |" in page
    assert "| tells what a person lacks | passed |" in page
    cases = Xml.parse(tmp_path / "live-report" / "junit.xml").findall("testsuite/testcase")  # noqa: S314 - our own
    assert len(cases) == 4


def test_parts_are_told_in_one_order_however_they_are_named(tmp_path):
    ran = script(tmp_path, "sandbox", "--only", "sync", "--only", "life", "--collect-only", script=LIVE)
    files = [line.partition("::")[0] for line in ran.out.splitlines() if "::" in line]
    assert list(dict.fromkeys(files)) == ["tests/live/test_life.py", "tests/live/test_sync.py"], ran


def test_a_server_with_data_is_left_alone_until_somebody_agrees(tmp_path):
    sandbox = Sandbox()
    with serve(sandbox) as url:
        Metadata(admin(url)).commit({"organisationUnits": [{**UNIT, "openingDate": "2020-01-01"}]})
        there = all_there(admin(url))
        ran = script(tmp_path, url, "--only", "life", script=LIVE, **ADMIN)
        assert all_there(admin(url)) == there
    assert ran.code == 1
    assert ran.lines == ["Error: Nothing was changed: nobody is here to agree.", "Add --yes to go ahead in a script."]
    said = ran.out.splitlines()
    assert len(said) == 3
    assert said[0].startswith(f"{url}: DHIS2 2.42")
    assert "1 organisationUnits, 0 programs" in said[2]
    assert not (tmp_path / "live-report").exists()


def test_stopped_in_the_middle_it_cleans_up_and_still_reports(tmp_path):
    sandbox = Sandbox()
    with serve(sandbox) as url:
        Metadata(admin(url)).commit({"organisationUnits": [{**UNIT, "openingDate": "2020-01-01"}]})
        there = all_there(admin(url))
        words = (url, "--yes", "--only", "life", "-k", "lived_with or who_may")
        with started(tmp_path, *words, script=LIVE, **ADMIN) as process:
            for line in process.stdout:
                if "installs from a saved plan" in line:
                    assert all_there(admin(url)) != there
                    process.send_signal(signal.SIGINT)
                    break
            rest, err = process.communicate(timeout=120)
        assert all_there(admin(url)) == there
    assert process.returncode == 1, rest + err
    assert (tmp_path / "live-report").exists(), rest + err
    page = (tmp_path / "live-report" / "report.md").read_text("utf-8")
    assert "**Stopped** by Ctrl-C" in page
    assert "**Not passed: " in page
    assert "| takes it off | not reached |" in page
    assert "| leaves the server as it was found | passed |" in page
    assert "| who may not is told what is missing and the server says the same | not reached |" in page
    assert "Traceback" not in rest + err


def test_it_leaves_the_package_when_told_and_begins_again_only_when_told_to_clear(tmp_path):
    words = ("--only", "life", "-k", "who_may_not", "--yes")
    with serve(Sandbox("2.43")) as url:
        there = all_there(admin(url))
        kept = script(tmp_path, url, *words, "--keep", script=LIVE, **ADMIN)
        assert kept.code == 0, kept
        program = admin(url).get_object(f"programs/{PROGRAM}", {"fields": "organisationUnits[id]"})
        assert {unit["id"] for unit in program["organisationUnits"]} == set(FACILITIES)
        page = (tmp_path / "live-report" / "report.md").read_text("utf-8")
        assert f"**Left on the server:** package 0.2.0, assigned to {', '.join(FACILITIES)}; no records" in page
        refused = script(tmp_path, url, *words, script=LIVE, **ADMIN)
        assert refused.code == 1
        assert refused.lines[0].startswith(f"Error: {url} has ")
        assert "--clear" in refused.lines[1]
        cleared = script(tmp_path, url, *words, "--clear", script=LIVE, **ADMIN)
        assert cleared.code == 0, cleared
        assert all_there(admin(url)) == there


OTHER = {**UNIT, "id": "anotherUnit", "name": "Another"}


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ("A,B", "The server has no unit A, B"),
        (UNIT["id"], "Two facilities"),
        (f"{UNIT['id']},{OTHER['id']}", "Another is outside the units for which this account may see analyses"),
    ],
)
def test_facilities_that_will_not_do_are_told_before_anything_is_done(tmp_path, units, said):
    with serve(Sandbox()) as url:
        metadata = Metadata(admin(url))
        metadata.commit({"organisationUnits": [{**unit, "openingDate": "2020-01-01"} for unit in (UNIT, OTHER)]})
        view = {"op": "add", "path": "/dataViewOrganisationUnits", "value": [{"id": UNIT["id"]}]}
        metadata.patch("users", metadata.me("id")["id"], [view])
        there = all_there(admin(url))
        ran = script(tmp_path, url, "--yes", "--units", units, script=LIVE, **ADMIN)
        assert all_there(admin(url)) == there
    assert ran.code == 1
    assert ran.lines[0].startswith(f"Error: {said}")


def test_a_failure_in_a_step_leaves_the_server_as_it_was_found(tmp_path):
    with serve(Sandbox()) as url:
        client, story = admin(url), Story("one that fails")
        there = all_there(client)
        with facilities(client) as places:
            assert places == FACILITIES
            given = lived(Life(client, places, tmp_path, story))
            life = next(given)
            with pytest.raises(AssertionError, match="in the middle") as raised:
                life.tell(install, is_used, fails)
            with pytest.raises(AssertionError, match="in the middle"):
                given.throw(raised.value)
        assert all_there(client) == there
    outcomes = {step.name: step.outcome for step in story.steps}
    assert outcomes == {
        "install": "passed", "is used": "passed", "fails": "failed", "leaves the server as it was found": "passed",
    }  # fmt: skip


def is_used(life):
    """The site makes it its own, and there is a record."""
    from tests.live.test_life import a_partnership, add_person

    add_person(life)
    make_it_its_own(life)
    life.import_records(a_partnership(life))


def fails(life):
    """Something is not as it should be."""
    raise AssertionError("in the middle")
