"""Import reports, in the form real servers give them: never the status alone, always object by object."""

from __future__ import annotations

import pytest
import responses

from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata, refusals
from tpi_dhis2.dhis2.tracker import PAGE_SIZE, Tracker, read_report
from tpi_dhis2.errors import OutcomeUnknown, ServerRefused
from tpi_dhis2.sync.explain import explain

URL = "https://dhis2.example.org"
ENTITIES = f"{URL}/api/tracker/trackedEntities"
#: What a 200 with "status": "OK" may hold (recorded: tracker-import/036-two-errors-atomic-object).
PARTLY = {
    "status": "OK",
    "validationReport": {
        "errorReports": [
            {"message": "cannot be created", "errorCode": "E5000", "trackerType": "ENROLLMENT", "uid": "Uki1Bfl07uL"},
            {"message": "no such day", "errorCode": "E1085", "trackerType": "TRACKED_ENTITY", "uid": "r2ceK9yRiaP"},
            {"message": "bad format", "errorCode": "E1007", "trackerType": "TRACKED_ENTITY", "uid": "r2ceK9yRiaP"},
        ],
        "warningReports": [{"message": "assigned", "warningCode": "E1308", "uid": "lGbRZl9fNfo"}],
    },
    "stats": {"created": 1, "updated": 0, "deleted": 0, "ignored": 2, "total": 3},
    "bundleReport": {
        "typeReportMap": {
            "RELATIONSHIP": {"trackerType": "RELATIONSHIP", "objectReports": []},
            "TRACKED_ENTITY": {"objectReports": [{"uid": "lGbRZl9fNfo", "errorReports": []}]},
        }
    },
}


def client(version: str = "2.42.4.1") -> Client:
    responses.get(f"{URL}/api/system/info", json={"version": version})
    return Client(Account(URL, "admin", "district"), pause=0)


def test_what_was_taken_and_what_was_refused():
    report = read_report(PARTLY)
    assert report.done == {"lGbRZl9fNfo"}
    assert report.errors == {
        "Uki1Bfl07uL": [("E5000", "cannot be created")],
        "r2ceK9yRiaP": [("E1085", "no such day"), ("E1007", "bad format")],
    }
    assert report.warnings == {"lGbRZl9fNfo": [("E1308", "assigned")]}
    assert report.stats["ignored"] == 2


def test_an_object_with_an_error_is_not_done_wherever_it_is_named():
    bundle = {"EVENT": {"objectReports": [{"uid": "r2ceK9yRiaP", "errorReports": []}]}}
    report = read_report({**PARTLY, "bundleReport": {"typeReportMap": bundle}})
    assert report.done == set()


def test_errors_of_the_commit_count_too():
    failed = {"uid": "a", "errorReports": [{"errorCode": "E9", "message": "late"}]}
    body = {"validationReport": {}, "bundleReport": {"typeReportMap": {"EVENT": {"objectReports": [failed]}}}}
    report = read_report(body)
    assert report.errors == {"a": [("E9", "late")]}
    assert not report.done


@pytest.mark.parametrize("bundle", [{}, {"bundleReport": None}, {"bundleReport": {}}])
def test_what_nobody_speaks_of_is_neither_done_nor_refused(bundle):
    report = read_report({"status": "OK", "validationReport": {"errorReports": []}, **bundle})
    assert not report.done
    assert not report.errors


@responses.activate
@pytest.mark.parametrize("status", [200, 409])
def test_a_report_is_read_whatever_the_status(status):
    responses.post(f"{URL}/api/tracker", json=PARTLY, status=status)
    assert Tracker(client(), "P").send({}).done == {"lGbRZl9fNfo"}


@responses.activate
@pytest.mark.parametrize("body", [{"message": "no"}, [], {}])
def test_an_answer_without_a_report_is_a_refusal_of_all(body):
    responses.post(f"{URL}/api/tracker", json=body, status=409)
    with pytest.raises(ServerRefused):
        Tracker(client(), "P").send({})


@responses.activate
def test_an_import_is_asked_for_object_by_object_and_waited_for():
    responses.post(f"{URL}/api/tracker", json=PARTLY)
    Tracker(client(), "P").send({"trackedEntities": []})
    asked = responses.calls[0].request.params
    assert asked == {
        "async": "false",
        "importStrategy": "CREATE_AND_UPDATE",
        "atomicMode": "OBJECT",
        "reportMode": "FULL",
    }


@responses.activate
def test_pages_end_where_the_server_links_no_other():
    responses.get(ENTITIES, json={"trackedEntities": [{"trackedEntity": "a"}], "pager": {"nextPage": "x"}})
    responses.get(ENTITIES, json={"trackedEntities": [{"trackedEntity": "b"}], "pager": {}})
    found = [entity["trackedEntity"] for page in Tracker(client(), "P").changed() for entity in page]
    assert found == ["a", "b"]


@responses.activate
@pytest.mark.parametrize(("version", "key"), [("2.40.12", "instances"), ("2.41.5.1", "trackedEntities")])
def test_pages_end_with_an_empty_one_where_there_are_no_links(version, key):
    responses.get(ENTITIES, json={key: [{"trackedEntity": "a"}]})
    responses.get(ENTITIES, json={key: []})
    tracker = Tracker(client(version), "P")
    assert [entity["trackedEntity"] for page in tracker.changed() for entity in page] == ["a"]


@responses.activate
@pytest.mark.parametrize(
    ("version", "name", "between", "key"),
    [("2.40.12", "trackedEntity", ";", "instances"), ("2.42.4.1", "trackedEntities", ",", "trackedEntities")],
)
def test_many_uids_are_asked_for_in_turns(version, name, between, key):
    responses.get(ENTITIES, json={key: [{"trackedEntity": "a"}]})
    uids = [f"a{number:010}" for number in range(PAGE_SIZE + 1)]
    list(Tracker(client(version), "P").by_id(uids))
    asked = [call.request.params[name].split(between) for call in responses.calls if "/tracker/" in call.request.url]
    assert asked == [uids[:PAGE_SIZE], uids[PAGE_SIZE:]]


def refused(status: str = "ERROR", stats: dict[str, int] | None = None) -> dict[str, object]:
    error = {"errorCode": "E5003", "message": "taken"}
    item = {"klass": "org.hisp.dhis.program.Program", "uid": "a", "errorReports": [error]}
    return {"response": {"status": status, "stats": stats or {}, "typeReports": [{"objectReports": [item]}]}}


@responses.activate
@pytest.mark.parametrize(
    ("http", "body"),
    [
        (409, refused()),
        (200, refused()),
        (200, refused("OK", {"ignored": 1})),
        (200, refused("WARNING")),
        (409, {"message": "Unexpected end-of-input"}),
    ],
    ids=["409", "200 with an error", "200 OK with one left out", "a warning", "no report"],
)
def test_a_metadata_import_is_done_only_when_all_of_it_is(http, body):
    responses.post(f"{URL}/api/metadata", json=body, status=http)
    with pytest.raises(ServerRefused, match="wrote nothing") as caught:
        Metadata(client()).commit({})
    assert caught.value.advice


@responses.activate
def test_a_metadata_import_without_a_word_of_it_may_have_happened():
    responses.post(f"{URL}/api/metadata", json={}, status=200)
    with pytest.raises(OutcomeUnknown):
        Metadata(client()).commit({})


def test_the_reasons_of_a_metadata_report():
    assert [str(reason) for reason in refusals(refused()["response"])] == ["Program a: taken (E5003)"]


def test_known_codes_are_put_in_plain_words_and_others_left_as_they_are():
    said = explain([("E1125", "Value x is no option."), ("E9999", "Strange."), ("E9999", "Strange.")])
    assert said == "a value is not one of the options of its field (E1125: Value x is no option); Strange (E9999)"
