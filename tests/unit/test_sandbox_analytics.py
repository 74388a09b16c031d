"""The sandbox has no analytics and says so, as recorded from servers before their first run."""

from __future__ import annotations

import pytest
import requests

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tests.fault.servers import PASSWORD
from tests.unit.test_sandbox import ACCOUNT, post
from tpi_dhis2.sandbox.server import Sandbox, serve

PROGRAM, INDICATOR = "aED7sekRCqS", "uXB3Qpcam4l"
QUERIES = (
    "analytics?dimension=dx:uXB3Qpcam4l&dimension=pe:2026", "analytics/rawData.json", "analytics/dataValueSet",
    f"analytics/events/query/{PROGRAM}", f"analytics/events/aggregate/{PROGRAM}",
    f"analytics/enrollments/query/{PROGRAM}",
)  # fmt: skip


def ask(url: str, path: str, method: str = "GET", account: tuple[str, str] = ACCOUNT) -> requests.Response:
    return requests.request(method, f"{url}/api/{path}", auth=account, timeout=10)


def someone(url: str, *authorities: str) -> tuple[str, str]:
    """An account with a role of its own."""
    role = {"id": "rolOfSomeon", "name": "Role", "authorities": list(authorities)}
    names = {"username": "someone", "firstName": "First", "surname": "Last", "password": PASSWORD}
    user = {"id": "usrSomeone1", **names, "userRoles": [{"id": role["id"]}]}
    assert post(url, "/api/metadata", {"userRoles": [role], "users": [user]}).ok
    return "someone", PASSWORD


@pytest.mark.parametrize("version", VERSIONS)
def test_every_query_is_answered_as_if_analytics_never_ran(version: str) -> None:
    with serve(Sandbox(version)) as url:
        answers = [ask(url, path) for path in QUERIES]
        assert ask(url, "analytics", "POST").status_code == 405
    assert {(each.status_code, each.json()["errorCode"]) for each in answers} == {(409, "E7144")}
    assert all("Please ensure analytics job was run" in each.json()["message"] for each in answers)


@needs_recordings
@pytest.mark.parametrize("version", ["2.40", "2.41", "2.43"])  # a 2.42 had its tables already when it was recorded
@pytest.mark.parametrize(("slug", "path"), [("analytics-before", QUERIES[0]), ("events-query-before", QUERIES[3])])
def test_the_answer_is_the_recorded_one(version: str, slug: str, path: str) -> None:
    (recorded,) = exchanges(version, "analytics", slug)
    said = recorded["response"]["body"]
    with serve(Sandbox(version)) as url:
        found = ask(url, path).json()
    assert found.keys() == said.keys()
    assert {**found, "devMessage": ""} == {**said, "devMessage": ""}
    words = {body["devMessage"].split('"')[0] for body in (found, said)}
    assert len(words) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_who_may_not_see_analytics_of_records_is_told_that_first(version: str) -> None:
    with serve(Sandbox(version)) as url:
        account = someone(url)
        codes = [ask(url, path, account=account).json()["errorCode"] for path in QUERIES]
        assert codes == ["E7144", "E7144", "E7144", "E7217", "E7217", "E7217"]
        someone(url, "F_VIEW_EVENT_ANALYTICS")
        assert ask(url, QUERIES[3], account=account).json()["errorCode"] == "E7144"


def test_a_program_indicator_counts_records() -> None:
    with serve(Sandbox("2.42")) as url:
        program = {"id": PROGRAM, "name": "P", "shortName": "P", "programType": "WITHOUT_REGISTRATION"}
        indicator = {"id": INDICATOR, "name": "I", "shortName": "I", "program": {"id": PROGRAM}, "expression": "1"}
        assert post(url, "/api/metadata", {"programs": [program], "programIndicators": [indicator]}).ok
        account = someone(url)
        assert ask(url, QUERIES[0], account=account).json()["errorCode"] == "E7217"
        assert (
            ask(url, f"analytics?dimension=dx:otherItem01;{INDICATOR}", account=account).json()["errorCode"] == "E7217"
        )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", ["resourceTables", "resourceTables/analytics"])
def test_tables_are_not_built_and_nobody_waits_for_them(version: str, path: str) -> None:
    with serve(Sandbox(version)) as url:
        refused = ask(url, path, "POST")
        assert (refused.status_code, "it has no analytics" in refused.json()["message"]) == (409, True)
        account = someone(url)
        denied = ask(url, path, "POST", account)
        assert (denied.status_code, denied.json()["message"].startswith("Access is denied")) == (403, True)
        assert ask(url, "resourceTables/nonsense", "POST").status_code == 404
        assert ask(url, path).status_code == 405


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_who_may_not_build_them_is_told_in_the_recorded_words(version: str) -> None:
    (recorded,) = exchanges(version, "tracker-import", "sync-resource-tables")
    with serve(Sandbox(version)) as url:
        assert ask(url, "resourceTables/analytics", "POST", someone(url)).json() == recorded["response"]["body"]
