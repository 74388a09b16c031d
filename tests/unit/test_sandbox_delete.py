"""What a server does not let go, and what it leaves behind, by source of 2.40 to 2.43 and by recordings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tpi_dhis2.sandbox.fresh import SUPERUSER
from tpi_dhis2.sandbox.server import Sandbox, serve

PROGRAM, STAGE, GROUP, USER, CONSTANT, CHART = (
    "proProgram1", "proStage001", "ugrGroup001", "usrUser0001", "conConst001", "eviChart001"
)  # fmt: skip
ACCOUNT = ("admin", "district")
LISTS = {
    "trackedEntityInstanceFilters": {"id": "teiFilter01", "name": "List", "program": {"id": PROGRAM}},
    "programStageWorkingLists": {
        "id": "pswList0001", "name": "List", "program": {"id": PROGRAM}, "programStage": {"id": STAGE},
    },
    "eventFilters": {"id": "evfFilter01", "name": "List", "program": PROGRAM, "programStage": STAGE},
}  # fmt: skip
CHARTED = {"id": CHART, "name": "Chart", "type": "LINE_LIST", "program": {"id": PROGRAM}}
OTHER = {"id": "proProgram2", "name": "Other", "shortName": "Other", "programType": "WITHOUT_REGISTRATION"}


class Server:
    """A sandbox with a program of one stage, asked over HTTP."""

    def __init__(self, url: str, minor: int):
        self.url, self.minor = url, minor

    def ask(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(method, f"{self.url}/api/{path}", json=body, auth=ACCOUNT, timeout=10)

    def bring(self, **objects: object) -> None:
        answer = self.ask("POST", "metadata", objects)
        assert answer.status_code == 200, answer.text

    def remove(self, plural: str, uid: str) -> requests.Response:
        return self.ask("POST", "metadata?importStrategy=DELETE", {plural: [{"id": uid}]})

    def has(self, plural: str, uid: str) -> bool:
        return self.ask("GET", f"{plural}/{uid}").status_code == 200

    def codes(self, **objects: object) -> list[str]:
        """The errors of an import that is refused."""
        reports = self.ask("POST", "metadata", objects).json()["response"]["typeReports"][0]["objectReports"]
        return [f"{each['errorCode']} {each['errorProperties'][-1]}" for one in reports for each in one["errorReports"]]


@pytest.fixture(params=["2.40", "2.41", "2.42", "2.43"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    sandbox = Sandbox(request.param)
    with serve(sandbox) as url:
        made = Server(url, sandbox.minor)
        program = {"id": PROGRAM, "name": "P", "shortName": "P", "programType": "WITHOUT_REGISTRATION"}
        stage = {"id": STAGE, "name": "S", "program": {"id": PROGRAM}}
        made.bring(programs=[{**program, "programStages": [{"id": STAGE}]}], programStages=[stage])
        yield made


# Saved lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["import", "path"])
def test_a_saved_list_of_tracked_entities_holds_its_program_by_a_foreign_key(server: Server, by: str) -> None:
    server.bring(trackedEntityInstanceFilters=[LISTS["trackedEntityInstanceFilters"]])
    refused = server.remove("programs", PROGRAM) if by == "import" else server.ask("DELETE", f"programs/{PROGRAM}")
    said = refused.json()
    assert (refused.status_code, said["status"], "response" in said) == (409, "ERROR", False)
    assert ("ConstraintViolationException" if server.minor < 42 else "violates foreign key") in said["message"]
    assert server.has("programs", PROGRAM)
    assert server.has("programStages", STAGE)
    assert server.remove("trackedEntityInstanceFilters", "teiFilter01").ok
    assert server.remove("programs", PROGRAM).ok
    assert not server.has("programs", PROGRAM)


def test_a_working_list_goes_with_its_program_and_an_event_filter_stays_behind(server: Server) -> None:
    server.bring(**{kind: [LISTS[kind]] for kind in ("programStageWorkingLists", "eventFilters")})
    assert server.remove("programs", PROGRAM).ok
    assert not server.has("programStageWorkingLists", "pswList0001")
    assert server.has("eventFilters", "evfFilter01")


# Charts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "uid"), [("programs", PROGRAM), ("programStages", STAGE)])
def test_a_2_40_deletes_no_stage_while_any_chart_names_none(server: Server, kind: str, uid: str) -> None:
    server.bring(programs=[OTHER], eventVisualizations=[{**CHARTED, "program": {"id": OTHER["id"]}}])
    answer = server.remove(kind, uid)
    if server.minor > 40:
        assert answer.ok
        assert not server.has(kind, uid)
        return
    assert answer.status_code == 409
    (report,) = answer.json()["response"]["typeReports"][0]["objectReports"]
    assert "EventVisualizationDeletionHandler' threw an exception" in report["errorReports"][0]["message"]
    assert server.has(kind, uid)
    assert server.ask("DELETE", f"{kind}/{uid}").status_code == 409
    assert server.remove("eventVisualizations", CHART).ok
    assert server.remove(kind, uid).ok


def test_charts_of_a_program_and_of_a_stage_go_with_it(server: Server) -> None:
    server.bring(eventVisualizations=[{**CHARTED, "programStage": {"id": STAGE}}])
    assert server.remove("programStages", STAGE).ok
    assert not server.has("eventVisualizations", CHART)


# Sharing ------------------------------------------------------------------------------------------------------------


def shared(**sharing: object) -> dict[str, object]:
    return {"id": CONSTANT, "name": "C", "shortName": "C", "value": 1, "sharing": {"public": "r-------", **sharing}}


def user(uid: str) -> dict[str, object]:
    names = {"username": "trainee", "firstName": "First", "surname": "Last", "password": "Training-2026"}
    return {"id": uid, **names, "userRoles": [{"id": SUPERUSER}]}


@pytest.mark.parametrize("by", ["import", "path"])
def test_the_account_that_is_gone_stays_in_sharing_and_every_later_import_is_refused(server: Server, by: str) -> None:
    server.bring(users=[user(USER)])
    constant = shared(users={USER: {"id": USER, "access": "rw------"}})
    server.bring(constants=[constant])
    assert (server.remove("users", USER) if by == "import" else server.ask("DELETE", f"users/{USER}")).ok
    stored = server.ask("GET", f"constants/{CONSTANT}?fields=:owner").json()
    assert list(stored["sharing"]["users"]) == [USER]
    assert server.codes(constants=[stored]) == ["E5002 userAccesses"]
    server.bring(constants=[shared()])


def test_a_group_is_taken_out_of_sharing_by_its_path_alone(server: Server) -> None:
    for by_path in (True, False):
        server.bring(userGroups=[{"id": GROUP, "name": "G"}])
        server.bring(constants=[shared(userGroups={GROUP: {"id": GROUP, "access": "rw------"}})])
        assert (server.ask("DELETE", f"userGroups/{GROUP}") if by_path else server.remove("userGroups", GROUP)).ok
        stored = server.ask("GET", f"constants/{CONSTANT}?fields=:owner").json()
        assert list(stored["sharing"]["userGroups"]) == ([] if by_path else [GROUP])
    assert server.codes(constants=[stored]) == ["E5002 userGroupAccesses"]
