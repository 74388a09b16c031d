"""What an import that leaves an entry out of a list does to it, as Hibernate's mappings have it (2.40.12 to 2.43.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.test_sandbox import VERSIONS, get, post
from tpi_dhis2.sandbox.server import Sandbox, serve

Json = dict[str, Any]

PROGRAM, STAGE, ELEMENT = {"id": "proGram0001"}, {"id": "proStage001"}, {"id": "datElement1"}
RULE, SET, CHART = {"id": "proRule0001"}, {"id": "optionSet01"}, {"id": "visChart001"}
ACTION, SECTION, MESSAGE = {"id": "ruleAction1"}, {"id": "secTion0001"}, {"id": "notifTempl1"}
OPTION, ITEM = {"id": "optOption01"}, {"id": "dashItem001"}
_ELEMENT = {"shortName": "Element", "valueType": "TEXT", "domainType": "TRACKER", "aggregationType": "NONE"}
WHOLE: dict[str, Json] = {
    "dataElements": {**ELEMENT, "name": "Element", **_ELEMENT},
    "programs": {**PROGRAM, "name": "Program", "shortName": "Program", "programType": "WITH_REGISTRATION",
                 "programStages": [STAGE]},
    "programStages": {**STAGE, "name": "Stage", "program": PROGRAM, "programStageSections": [SECTION],
                      "notificationTemplates": [MESSAGE]},
    "programStageSections": {**SECTION, "name": "Section", "programStage": STAGE, "dataElements": [ELEMENT]},
    "programNotificationTemplates": {**MESSAGE, "name": "Message", "messageTemplate": "Text"},
    "programRules": {**RULE, "name": "Rule", "program": PROGRAM, "condition": "true", "programRuleActions": [ACTION]},
    "programRuleActions": {**ACTION, "programRule": RULE, "programRuleActionType": "SHOWWARNING",
                           "dataElement": ELEMENT},
    "optionSets": {**SET, "name": "Set", "valueType": "TEXT", "options": [OPTION]},
    "options": {**OPTION, "name": "Option", "code": "OPTION", "optionSet": SET},
    "visualizations": {**CHART, "name": "Chart", "type": "COLUMN"},
    "dashboards": {"id": "dashBoard01", "name": "Board",
                   "dashboardItems": [{**ITEM, "type": "VISUALIZATION", "visualization": CHART}]},
}  # fmt: skip


@pytest.fixture(params=VERSIONS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with serve(Sandbox(request.param)) as url:
        answer = post(url, "/api/metadata", {kind: [item] for kind, item in WHOLE.items()})
        assert answer.ok, answer.text
        yield url


@pytest.mark.parametrize(
    ("kind", "listing", "entry"),
    [
        ("programRules", "programRuleActions", "programRuleActions/ruleAction1"),
        ("programStages", "programStageSections", "programStageSections/secTion0001"),
        ("programStages", "notificationTemplates", "programNotificationTemplates/notifTempl1"),
    ],
)
def test_what_belongs_to_its_owner_alone_is_deleted(url: str, kind: str, listing: str, entry: str) -> None:
    assert get(url, f"/api/{entry}").ok
    assert post(url, "/api/metadata", {kind: [{**WHOLE[kind], listing: []}]}).ok
    assert get(url, f"/api/{entry}").status_code == 404


def test_an_option_stays_without_its_set(url: str) -> None:
    assert post(url, "/api/metadata", {"optionSets": [{**WHOLE["optionSets"], "options": []}]}).ok
    assert "optionSet" not in get(url, "/api/options/optOption01?fields=:owner").json()


def test_nobody_is_named_for_an_option(url: str) -> None:
    owner = get(url, "/api/metadata?options:fields=:owner&programRules:fields=:owner").json()
    assert not {"createdBy", "lastUpdatedBy"} & owner["options"][0].keys()
    assert owner["programRules"][0]["lastUpdatedBy"]["username"] == "admin"


def test_a_stage_that_its_program_does_not_list_has_none(url: str) -> None:
    assert post(url, "/api/metadata", {"programs": [{**WHOLE["programs"], "programStages": []}]}).ok
    assert "program" not in get(url, "/api/programStages/proStage001?fields=:owner").json()


def test_a_chart_takes_its_place_on_dashboards_with_it(url: str) -> None:
    post(url, "/api/metadata?importStrategy=DELETE", {"visualizations": [CHART]})
    assert get(url, "/api/dashboards/dashBoard01?fields=dashboardItems").json()["dashboardItems"] == []


@pytest.mark.parametrize(("code", "name"), [("OPTION", "Other"), ("OTHER", "Option")])
def test_a_code_or_name_of_the_stored_set_is_taken(url: str, code: str, name: str) -> None:
    other = {"id": "optOption02", "name": name, "code": code, "optionSet": SET}
    report = post(url, "/api/metadata", {"options": [other]}).json()["response"]["typeReports"][0]
    assert [each["errorCode"] for each in report["objectReports"][0]["errorReports"]] == ["E4028"]


def test_a_field_that_a_rule_hides_is_looked_for_in_the_stage_as_it_is_stored(url: str) -> None:
    hides = {"programRuleActions": [{**ACTION, "programRule": RULE, "programRuleActionType": "HIDEFIELD",
                                     "dataElement": ELEMENT}]}  # fmt: skip
    stage = {**WHOLE["programStages"], "programStageDataElements": [{"dataElement": ELEMENT}]}
    together = post(url, "/api/metadata", {"programStages": [stage], **hides})
    assert (together.status_code, "E4047" in together.text) == (409, True)
    assert post(url, "/api/metadata", {"programStages": [stage]}).ok
    assert post(url, "/api/metadata", hides).ok
