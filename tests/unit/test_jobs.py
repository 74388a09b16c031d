"""Following an import that runs as a job: each way it can end, and what is said when nobody can tell how it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tests.fault.servers import DROPPED, Asked, Reply, admin, html, info, message, serving
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.jobs import REPORT_TIMES, SETTLE_SECONDS, SILENT_SECONDS, Clock
from tpi_dhis2.dhis2.metadata import LARGE, Metadata
from tpi_dhis2.errors import Forbidden, OutcomeUnknown, ServerFailed, ServerRefused

JOB = "abcdefghijk"
STARTED = {"status": "OK", "response": {"id": JOB, "jobType": "METADATA_IMPORT"}}
COUNTS = {"created": 2, "updated": 1, "deleted": 0, "ignored": 0, "total": 3}
REPORT = {"status": "OK", "stats": COUNTS, "typeReports": []}
EMPTY = Reply(body="")
BUNDLE = {"constants": [{"id": f"constant{number:03}"} for number in range(LARGE + 1)]}


def note(text: str, level: str = "INFO", done: bool = False, at: int = 0) -> dict[str, Any]:
    """A note as a server gives it; those of a test have their place in time."""
    return {
        "uid": f"{text}{at}",
        "level": level,
        "message": text,
        "completed": done,
        "time": f"2026-01-01T00:00:{at:02}",
    }


BEGUN = note("Metadata import started", at=1)
ENDED = note("Import complete with status OK, 2 created", done=True, at=9)
DIED = note("Process failed:\n object references an unsaved transient instance", "ERROR", done=True, at=9)


@dataclass
class Time:
    """A clock that stands still but for the pauses."""

    passed: float = 0.0
    naps: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.passed += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.passed, self.sleep)


@dataclass
class Server:
    """A server whose job shows one list of notes after the other, and one report after the other."""

    notes: list[Any]
    reports: list[Any] = field(default_factory=lambda: [REPORT])
    started: Any = field(default_factory=lambda: Reply(body=STARTED))
    version: str = "2.42.4.1"

    def __call__(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            return self.started
        if "system/info" in asked.path:
            return info(self.version)
        return _next(self.notes if "/tasks/" in asked.path else self.reports)


def _next(left: list[Any]) -> Reply:
    answer = left.pop(0) if len(left) > 1 else left[0]
    return answer if isinstance(answer, Reply) else Reply(body=answer)


@dataclass
class Went:
    """What came of an import."""

    stats: Any
    error: Any
    told: list[str]
    time: Time
    asked: list[Asked]


@pytest.fixture(autouse=True)
def no_naps(monkeypatch):
    monkeypatch.setattr(transport.PatientRetry, "sleep", lambda *_: None)


def imported(server: Server, mode: str = "commit") -> Went:
    """Import a large bundle on a server."""
    time, told, stats, error = Time(), [], None, None
    with serving(server) as served:
        try:
            stats = getattr(Metadata(admin(served.url), time.clock), mode)(BUNDLE, told.append)
        except (OutcomeUnknown, ServerRefused, ServerFailed, Forbidden) as raised:
            error = raised
    return Went(stats, error, told, time, served.asked)


def test_a_job_is_followed_to_its_report():
    went = imported(Server([[], [BEGUN], [note("Creating bundle", at=2), BEGUN], [ENDED, BEGUN]], [EMPTY, REPORT]))
    assert went.stats == COUNTS
    assert went.told == ["Metadata import started", "Creating bundle", ENDED["message"]]
    (post,) = [one for one in went.asked if one.method == "POST"]
    assert "async=true" in post.path
    assert "importMode=COMMIT" in post.path


def test_notes_are_told_once_and_in_the_order_of_time_whatever_the_order_of_the_list():
    second, third = note("two", at=2), note("three", at=3)
    went = imported(Server([[BEGUN, third, second], [third, ENDED, BEGUN, second]]))
    assert went.told == ["Metadata import started", "two", "three", ENDED["message"]]


def test_pauses_grow_from_short_to_five_seconds():
    went = imported(Server([*([[BEGUN]] * 9), [ENDED]]))
    assert went.time.naps == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]


def test_the_end_may_be_seen_at_the_first_look():
    went = imported(Server([[ENDED, BEGUN]]))
    assert (went.stats, went.time.naps) == (COUNTS, [])


def test_a_small_bundle_is_sent_and_answered_in_one_request():
    answer = Reply(body={"status": "OK", "response": REPORT})
    with serving(lambda _: answer) as served:
        assert Metadata(admin(served.url)).commit({"constants": BUNDLE["constants"][:LARGE]}) == COUNTS
    assert ["async=false" in one.path for one in served.asked] == [True]


def test_a_report_may_come_late():
    went = imported(Server([[ENDED]], [EMPTY, EMPTY, REPORT]))
    assert (went.stats, went.time.naps) == (COUNTS, [0.2, 0.4])


def test_a_report_that_never_comes_leaves_it_unknown():
    went = imported(Server([[ENDED, BEGUN]], [EMPTY]))
    assert isinstance(went.error, OutcomeUnknown)
    assert "left no report" in str(went.error)
    assert ENDED["message"] in went.error.detail
    assert sum("taskSummaries" in one.path for one in went.asked) == REPORT_TIMES


def test_a_job_without_notes_is_known_by_its_report():
    went = imported(Server([[]], [EMPTY, EMPTY, REPORT]))
    assert (went.stats, went.told) == (COUNTS, [])


@pytest.mark.parametrize("reports", [[EMPTY], [REPORT]], ids=["no report", "a report from before the end"])
def test_a_job_that_died_is_refused_with_its_reason(reports):
    went = imported(Server([[BEGUN], [DIED, BEGUN]], reports))
    assert isinstance(went.error, ServerRefused)
    assert "Process failed: object references an unsaved transient instance." in str(went.error)
    assert went.error.advice


def test_a_refused_bundle_has_the_reasons_of_its_report():
    fault = {"message": "Missing required property `name`", "errorCode": "E4000"}
    objects = [{"klass": "org.hisp.dhis.constant.Constant", "uid": "constant000", "errorReports": [fault]}]
    report = {"status": "ERROR", "stats": {**COUNTS, "ignored": 1}, "typeReports": [{"objectReports": objects}]}
    went = imported(Server([[note("Import complete with status ERROR", "ERROR", done=True)]], [report]))
    assert isinstance(went.error, ServerRefused)
    assert "Constant constant000: Missing required property `name` (E4000)" in str(went.error)


def test_a_missing_right_is_told_as_such():
    fault = {"message": "User is not allowed", "errorCode": "E3000"}
    report = {"status": "ERROR", "stats": COUNTS, "typeReports": [{"objectReports": [{"errorReports": [fault]}]}]}
    assert isinstance(imported(Server([[ENDED]], [report])).error, Forbidden)


def test_an_error_that_is_never_called_the_end_is_one_but_what_it_means_is_not_known():
    went = imported(Server([[BEGUN], [note("processing aborted", "ERROR", at=2), BEGUN]], [EMPTY]))
    assert isinstance(went.error, OutcomeUnknown)
    assert "processing aborted" in str(went.error)
    assert went.time.passed < 10


def test_an_error_on_the_way_does_not_hide_the_report_of_the_end():
    went = imported(Server([[note("a hook failed", "ERROR", at=2), BEGUN]], [EMPTY, REPORT]))
    assert went.stats == COUNTS


def test_a_job_that_vanishes_leaves_it_unknown():
    went = imported(Server([[BEGUN], []], [EMPTY]))
    assert isinstance(went.error, OutcomeUnknown)
    assert "started anew" in str(went.error)


def test_a_job_that_vanishes_but_has_left_its_report_is_known():
    assert imported(Server([[BEGUN], []])).stats == COUNTS


@pytest.mark.parametrize("notes", [[], [BEGUN]], ids=["never said a word", "said no more"])
def test_a_job_that_is_silent_for_long_leaves_it_unknown(notes):
    went = imported(Server([notes], [EMPTY]))
    assert isinstance(went.error, OutcomeUnknown)
    assert SILENT_SECONDS < went.time.passed < SILENT_SECONDS + 10


def test_a_2_40_may_be_silent_for_longer_than_the_twelve_minutes_that_were_recorded():
    went = imported(Server([[]], [EMPTY], version="2.40.12"))
    assert isinstance(went.error, OutcomeUnknown)
    assert 1800 <= went.time.passed < 1810


def test_a_job_that_never_ends_is_left_after_the_time_limit():
    talk = [[note(f"Updating {number}", at=number)] for number in range(2000)]
    went = imported(Server(talk, [EMPTY]))
    assert isinstance(went.error, OutcomeUnknown)
    assert "has not said that it ended" in str(went.error)
    assert transport.IMPORT_SECONDS < went.time.passed < transport.IMPORT_SECONDS + 10


@pytest.mark.parametrize(
    "away", [DROPPED, html(502), html(503), message(500, "starting"), html(200, "Back soon"), html(404)], ids=str
)
def test_a_server_that_is_away_for_a_while_is_waited_for(away):
    for_a_while = [away] * (2 * (1 + transport.TIMES))
    went = imported(Server([[BEGUN], *for_a_while, [ENDED, BEGUN]]))
    assert went.stats == COUNTS
    assert any("asking again" in text for text in went.told)


def test_an_answer_to_a_look_that_breaks_off_is_asked_for_again():
    assert imported(Server([Reply(body=[BEGUN], cut=True), [ENDED, BEGUN]])).stats == COUNTS


def test_a_server_that_stays_away_leaves_it_unknown():
    went = imported(Server([[BEGUN], DROPPED], [DROPPED]))
    assert isinstance(went.error, OutcomeUnknown)


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (message(401, "Unauthorized"), "credentials"),
        (Reply(302, headers={"Location": "/dhis-web-login/"}), "log in"),
        (message(403, "Access is denied"), "may not do this"),
    ],
    ids=["session expired", "login page", "no right"],
)
def test_one_who_may_not_look_any_more_is_told_so(refusal, says):
    went = imported(Server([[BEGUN], refusal]))
    assert isinstance(went.error, OutcomeUnknown)
    assert "cannot be followed any more" in str(went.error)
    assert says in str(went.error)
    assert "plan" in went.error.advice


@pytest.mark.parametrize("body", ["", [], {}, {"status": "OK"}, {"response": {"id": 7}}, {"response": {"id": "../me"}}])
def test_a_job_without_a_name_cannot_be_followed(body):
    went = imported(Server([[ENDED]], started=Reply(body=body)))
    assert isinstance(went.error, OutcomeUnknown)
    assert [one.method for one in went.asked] == ["GET", "POST"], "the version, and the bundle"


@pytest.mark.parametrize("notes", [{"a": 1}, ["a", 7, None], [{"level": 3}], [{}]], ids=str)
def test_strange_notes_are_no_traceback(notes):
    assert imported(Server([Reply(body=notes), [ENDED]])).stats == COUNTS


def test_2_40_is_given_a_moment_to_commit_and_may_still_fail():
    went = imported(Server([[ENDED, BEGUN], [DIED, ENDED, BEGUN]], version="2.40.12"))
    assert isinstance(went.error, ServerRefused)
    assert went.time.naps == [SETTLE_SECONDS]
    assert imported(Server([[ENDED, BEGUN]], version="2.40.12")).stats == COUNTS


@pytest.mark.parametrize("server", [Server([[BEGUN], []], [EMPTY]), Server([[]], [EMPTY], started=Reply(body={}))])
def test_a_check_whose_answer_is_lost_has_written_nothing(server):
    went = imported(server, "validate")
    assert isinstance(went.error, ServerFailed)
    assert not isinstance(went.error, OutcomeUnknown)
    assert "nothing was written" in str(went.error)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_servers_said_of_a_good_job_is_understood(version):
    start, early, first, last, report = recorded(version, "async-commit", "async-summary-early", "async-task-first",
                                                 "async-task-last", "async-summary")  # fmt: skip
    went = imported(Server([first, last], [early, report], start, f"{version}.9"))
    assert went.stats == report.body["stats"]
    assert went.told[0] in ("Metadata import started", "(admin) Import:Start")
    assert len(went.told) == len(last.body)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_what_servers_said_of_a_bad_job_is_understood(version):
    start, first, last, report = recorded(version, "async-bad", "async-bad-task-first", "async-bad-task-last",
                                          "async-bad-summary")  # fmt: skip
    went = imported(Server([first, last], [report], start, f"{version}.9"))
    assert isinstance(went.error, ServerRefused)
    assert "E4000" in str(went.error)
    assert "E4001" in went.error.detail


def recorded(version: str, *slugs: str) -> list[Reply]:
    """Recorded answers."""
    found = {one["slug"]: one["response"] for one in exchanges(version, "metadata-import", "async")}
    return [Reply(found[slug]["status"], found[slug]["body"]) for slug in slugs]
