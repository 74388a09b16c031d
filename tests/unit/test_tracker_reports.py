"""Import reports, in the form real servers give them: never the status alone, always object by object."""

from __future__ import annotations

import pytest
import responses

from tpi_dhis2.dhis2 import tracker as tracker_module
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata, refusals
from tpi_dhis2.dhis2.tracker import PAGE_SIZE, Stamp, Tracker, read_report
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
    assert Tracker(client(), "P", {}).send(b"{}").done == {"lGbRZl9fNfo"}


@responses.activate
@pytest.mark.parametrize("body", [{"message": "no"}, [], {}])
def test_an_answer_without_a_report_is_a_refusal_of_all(body):
    responses.post(f"{URL}/api/tracker", json=body, status=409)
    with pytest.raises(ServerRefused):
        Tracker(client(), "P", {}).send(b"{}")


@responses.activate
def test_an_import_is_asked_for_object_by_object_and_waited_for():
    responses.post(f"{URL}/api/tracker", json=PARTLY)
    Tracker(client(), "P", {}).send(b"{}")
    assert responses.calls[0].request.params == {
        "async": "false",
        "importStrategy": "CREATE_AND_UPDATE",
        "importMode": "COMMIT",
        "atomicMode": "OBJECT",
        "reportMode": "FULL",
    }


def stamp(uid: str, at: str) -> dict[str, str]:
    return {"trackedEntity": uid, "updatedAt": at}


def asked() -> list[dict[str, str]]:
    return [dict(call.request.params) for call in responses.calls if "/tracker/" in str(call.request.url)]


@responses.activate
@pytest.mark.parametrize(("version", "key"), [("2.40.12", "instances"), ("2.41.5.1", "trackedEntities")])
def test_what_changed_is_one_request_when_it_fits(version, key):
    responses.get(ENTITIES, json={key: [stamp("a", "2026-01-01"), stamp("b", "2026-01-02")]})
    found = [each for page in Tracker(client(version), "P", {}).changed("2026-01-01") for each in page]
    assert found == [Stamp("a", "2026-01-01"), Stamp("b", "2026-01-02")]
    assert [(each["updatedAfter"], each["order"]) for each in asked()] == [("2026-01-01", "updatedAt:asc")]


@responses.activate
def test_a_long_list_goes_on_where_it_ended_and_counts_pages_only_within_one_time(monkeypatch):
    monkeypatch.setattr(tracker_module, "STAMPS", 2)
    pages = [["a1", "b2"], ["b2", "c2"], ["d2", "e3"], ["e3"]]
    for page in pages:
        responses.get(ENTITIES, json={"trackedEntities": [stamp(name, f"2026-01-0{name[1]}") for name in page]})
    found = [each.uid for page in Tracker(client(), "P", {}).changed() for each in page]
    assert sorted(set(found)) == ["a1", "b2", "c2", "d2", "e3"]
    assert [(each.get("updatedAfter"), each["page"]) for each in asked()] == [
        (None, "1"), ("2026-01-02", "1"), ("2026-01-02", "2"), ("2026-01-03", "1"),
    ]  # fmt: skip


def too_long(most: int, asked: int = tracker_module.STAMPS) -> dict[str, str]:
    text = f"Invalid page size: {asked}. It must not exceed the system limit of KeyTrackedEntityMaxLimit {most}."
    return {"httpStatus": "Bad Request", "status": "ERROR", "message": text, "errorCode": "E1003"}


@responses.activate
def test_a_server_that_gives_shorter_pages_is_asked_for_those():
    responses.get(ENTITIES, status=400, json=too_long(2))
    for page in (["a1", "b2"], ["b2", "c3"], ["c3"]):
        responses.get(ENTITIES, json={"trackedEntities": [stamp(name, f"2026-01-0{name[1]}") for name in page]})
    found = {each.uid for page in Tracker(client(), "P", {}).changed() for each in page}
    assert found == {"a1", "b2", "c3"}
    assert [each["pageSize"] for each in asked()] == [str(tracker_module.STAMPS), "2", "2", "2"]


@responses.activate
@pytest.mark.parametrize("body", [too_long(tracker_module.STAMPS), too_long(0), {"message": "no"}])
def test_a_refusal_that_names_no_shorter_page_is_told(body):
    responses.get(ENTITIES, status=400, json=body)
    with pytest.raises(ServerRefused):
        list(Tracker(client(), "P", {}).changed())
    assert len(asked()) == 1


@responses.activate
@pytest.mark.parametrize(
    ("version", "name", "between", "key"),
    [("2.40.12", "trackedEntity", ";", "instances"), ("2.42.4.1", "trackedEntities", ",", "trackedEntities")],
)
def test_many_uids_are_asked_for_in_turns(version, name, between, key):
    responses.get(ENTITIES, json={key: [{"trackedEntity": "a"}]})
    uids = [f"a{number:010}" for number in range(PAGE_SIZE + 1)]
    list(Tracker(client(version), "P", {}).whole(uids))
    assert [each[name].split(between) for each in asked()] == [uids[:PAGE_SIZE], uids[PAGE_SIZE:]]


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
