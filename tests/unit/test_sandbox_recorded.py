"""What the recorded servers do in ways of their own, held where the recordings are not at hand, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.test_sandbox import ACCOUNT, VERSIONS, constant, get, post
from tpi_dhis2.sandbox.server import Sandbox, serve

Json = dict[str, Any]
ELEMENT, OTHER, SET = "datElement1", "datElement2", "optionSet01"
_ELEMENT = {"valueType": "TEXT", "domainType": "TRACKER", "aggregationType": "NONE"}
OPTIONS = [
    {"id": f"optOption0{place}", "name": f"Option {place}", "code": f"O{place}", "optionSet": {"id": SET}}
    for place in (1, 2)
]
BUNDLE: dict[str, list[Json]] = {
    "dataElements": [
        {"id": ELEMENT, "name": "One", "shortName": "One", "optionSet": {"id": SET}, **_ELEMENT},
        {"id": OTHER, "name": "Two", "shortName": "Two", **_ELEMENT},
    ],
    "optionSets": [
        {"id": SET, "name": "Set", "valueType": "TEXT", "options": [{"id": each["id"]} for each in OPTIONS]},
        {"id": "optionSet02", "name": "Free", "valueType": "TEXT"},
    ],
    "options": OPTIONS,
    "optionGroups": [{"id": "optGroup001", "name": "Group", "shortName": "Group", "options": [{"id": "optOption02"}]}],
}


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    sandbox = Sandbox(request.param)
    with serve(sandbox) as url:
        assert post(url, "/api/metadata", BUNDLE).status_code == 200
        yield sandbox.minor, url


def delete(url: str, **bundle: list[str]) -> requests.Response:
    body = {plural: [{"id": uid} for uid in uids] for plural, uids in bundle.items()}
    return post(url, "/api/metadata?importStrategy=DELETE", body)


def test_what_may_not_be_deleted_stops_nothing_else(server: tuple[int, str]) -> None:
    _minor, url = server
    answer = delete(url, optionSets=[SET, "optionSet02"])
    report = answer.json()["response"]
    assert (answer.status_code, report["status"]) == (409, "WARNING")
    assert (report["stats"]["deleted"], report["stats"]["ignored"]) == (1, 1)
    assert get(url, f"/api/optionSets/{SET}").status_code == 200
    assert get(url, "/api/optionSets/optionSet02").status_code == 404


def test_what_is_not_there_stops_the_whole_deletion(server: tuple[int, str]) -> None:
    _minor, url = server
    answer = delete(url, optionSets=["optionSet02", "optionSet03"])
    assert (answer.status_code, answer.json()["response"]["status"]) == (409, "ERROR")
    assert get(url, "/api/optionSets/optionSet02").status_code == 200


def test_the_options_of_a_group_go_with_it(server: tuple[int, str]) -> None:
    _minor, url = server
    assert delete(url, optionGroups=["optGroup001"]).status_code == 200
    left = get(url, f"/api/optionSets/{SET}?fields=options[id]").json()["options"]
    assert left == [{"id": "optOption01"}]
    assert get(url, "/api/options/optOption02").status_code == 404


def test_an_action_without_a_rule_holds_its_data_element_in_the_database(server: tuple[int, str]) -> None:
    _minor, url = server
    action = {"id": "ruleAction1", "programRuleActionType": "HIDEFIELD", "dataElement": {"id": OTHER}}
    assert post(url, "/api/metadata", {"programRuleActions": [action]}).status_code == 200
    answer = delete(url, dataElements=[OTHER])
    assert (answer.status_code, "response" in answer.json()) == (409, False)
    assert requests.delete(f"{url}/api/dataElements/{OTHER}", auth=ACCOUNT, timeout=10).status_code == 409
    assert get(url, f"/api/dataElements/{OTHER}").status_code == 200


def test_sharing_is_told_as_the_version_tells_it(server: tuple[int, str]) -> None:
    minor, url = server
    assert post(url, "/api/metadata", {"constants": [constant("constant001", "One")]}).status_code == 200
    found = get(url, "/api/constants/constant001").json()
    assert found["sharing"]["public"] == "rw------"
    assert found.get("publicAccess") == ("rw------" if minor == 40 else None)
    assert found.get("userGroupAccesses") == ([] if minor == 40 else None)
    assert ("external" in found["sharing"], "externalize" in found["access"]) == (minor < 43, minor < 43)


def test_merging_keeps_what_is_not_sent_on_2_40_alone(server: tuple[int, str]) -> None:
    minor, url = server
    told = {**constant("constant001", "One"), "description": "kept"}
    assert post(url, "/api/metadata", {"constants": [told]}).status_code == 200
    assert post(url, "/api/metadata?mergeMode=MERGE", {"constants": [constant("constant001", "Two")]}).ok
    found = get(url, "/api/constants/constant001?fields=name,description").json()
    assert found == {"name": "Two", **({"description": "kept"} if minor == 40 else {})}


def test_a_revoked_token_still_works_on_2_40_for_a_while(server: tuple[int, str]) -> None:
    minor, url = server
    made = post(url, "/api/apiToken", {}).json()["response"]
    bearer = {"Authorization": f"ApiToken {made['key']}"}
    assert requests.delete(f"{url}/api/apiToken/{made['uid']}", auth=ACCOUNT, timeout=10).status_code == 200
    assert get(url, "/api/apiToken").json()["apiToken"] == []
    assert requests.get(f"{url}/api/me", headers=bearer, timeout=10).status_code == (200 if minor == 40 else 401)


def test_a_list_of_all_jobs_has_the_first_and_the_last_that_each_said(server: tuple[int, str]) -> None:
    _minor, url = server
    job = post(url, "/api/metadata?async=true", BUNDLE).json()["response"]["id"]
    notes = get(url, f"/api/system/tasks/METADATA_IMPORT/{job}").json()
    assert len(notes) > 2
    assert get(url, "/api/system/tasks/METADATA_IMPORT").json() == {job: [notes[0], notes[-1]]}


def test_analytics_that_never_ran_says_so(server: tuple[int, str]) -> None:
    _minor, url = server
    answer = get(url, f"/api/analytics?dimension=dx:{ELEMENT}&dimension=pe:2026")
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E7144")
