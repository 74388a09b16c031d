"""The clean-up of the live suite when the server is slow or keeps something: one failure costs one story."""

from __future__ import annotations

import pytest

from tests.fault.servers import admin
from tests.live import life as of_life
from tests.live.facilities import facilities
from tests.live.life import PROGRAM, Life, lived, refuse_occupied
from tests.live.names import uid
from tests.live.partners import add_member, install
from tests.live.story import Story
from tests.live.test_life import a_partnership
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import ServerRefused, TooSlow, UsageError
from tpi_dhis2.sandbox.server import Sandbox, serve


@pytest.fixture(autouse=True)
def _a_new_run(monkeypatch):
    monkeypatch.setattr(of_life, "_BEGUN", set())


def end(given):
    """Let a life come to its end."""
    with pytest.raises(StopIteration):
        next(given)


def test_what_one_story_could_not_clear_away_is_cleared_by_the_next(tmp_path, monkeypatch):
    def slow(*_):
        raise TooSlow("took the request and did not answer")

    with serve(Sandbox()) as url:
        lives = [lived(Life(admin(url), [], tmp_path, Story(name))) for name in ("one", "two")]
        next(lives[0]).apply()
        with monkeypatch.context() as patched:
            patched.setattr(of_life, "uninstall", slow)
            with pytest.raises(TooSlow):
                next(lives[0])
        second = next(lives[1])
        assert not second.has("programs", PROGRAM)
        second.apply()
        end(lives[1])


def test_what_is_there_before_the_run_is_left_alone(tmp_path):
    with serve(Sandbox()) as url:
        life = Life(admin(url), [], tmp_path, Story("one"))
        life.apply()
        with pytest.raises(UsageError, match="objects of the package"):
            next(lived(life))
        assert life.has("programs", PROGRAM)


@pytest.mark.parametrize(("version", "refused"), [("2.40", True), ("2.41", False)])
def test_a_2_40_that_would_keep_the_package_is_refused_at_the_start(tmp_path, version, refused):
    program = {"id": "aProgram001", "name": "Births", "shortName": "Births", "programType": "WITH_REGISTRATION"}
    lines = {"id": "aLineList01", "name": "All births", "type": "LINE_LIST", "program": {"id": program["id"]}}
    with serve(Sandbox(version)) as url:
        kind = {"id": "aTypeOfThem", "name": "Child", "shortName": "Child"}
        owned = {**program, "trackedEntityType": {"id": kind["id"]}}
        Metadata(admin(url)).commit({"trackedEntityTypes": [kind], "programs": [owned], "eventVisualizations": [lines]})
        given = lived(Life(admin(url), [], tmp_path, Story("one")))
        if refused:
            with pytest.raises(UsageError, match=r"could not be taken off .* again: eventVisualizations 'All births'"):
                next(given)
        else:
            next(given)
            end(given)


def test_a_user_whom_the_server_keeps_is_disabled_and_works_again_in_the_next_run(tmp_path, monkeypatch):
    ask = Client.ask

    def keeping(client, method, path, **given):
        if method == "DELETE" and path.startswith("users/"):
            raise ServerRefused("violates foreign key constraint")
        return ask(client, method, path, **given)

    with serve(Sandbox()) as url, facilities(admin(url)) as places:
        monkeypatch.setattr(Client, "ask", keeping)
        for number in range(2):
            refuse_occupied(Life(admin(url), places, tmp_path, Story("none")))
            of_life._BEGUN.clear()
            given = lived(Life(admin(url), places, tmp_path, Story(f"run {number}")))
            life = next(given)
            install(life)
            account = add_member(life, "one", "capture", places[number:])
            there = Metadata(Client(account)).me("organisationUnits[id],userGroups[name]")
            assert {unit["id"] for unit in there["organisationUnits"]} == set(places[number:])
            assert len(there["userGroups"]) == 1
            end(given)
            assert life.get("users", uid("person", "one"), "disabled")["disabled"]
        monkeypatch.undo()
        life.found = {}
        of_life.clear(life)
        assert not life.has("users", uid("person", "one"))


def test_many_partnerships_go_two_at_a_time_and_for_good_after_each_page(tmp_path):
    sandbox = Sandbox()
    with serve(sandbox) as url, facilities(admin(url)) as places:
        given = lived(Life(admin(url), places, tmp_path, Story("many")))
        life = next(given)
        install(life)
        [made] = a_partnership(life)["trackedEntities"]
        many = [{**made, **renewed(number, made)} for number in range(60)]
        life.import_records({"trackedEntities": many})
        sandbox.requests.clear()
        end(given)
        asked = [path for method, path in sandbox.requests if method == "POST"]
    assert sum(path == "/api/tracker" for path in asked) == 30
    assert [path for path in asked if path in ("/api/tracker", "/api/maintenance")][25] == "/api/maintenance"
    assert asked.count("/api/maintenance") == 2


def renewed(number, made):
    """A partnership's own UIDs, and those of its cycle and records."""
    [cycle] = made["enrollments"]
    events = [{**event, "event": uid("event", str(number))} for event in cycle["events"]]
    cycle = {**cycle, "enrollment": uid("enrollment", str(number)), "events": events}
    return {"trackedEntity": uid("entity", str(number)), "enrollments": [cycle]}
