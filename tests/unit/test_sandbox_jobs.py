"""Metadata imports as jobs of the sandbox: what a client sees of them, look by look, beside the recordings."""

from __future__ import annotations

import pytest

from tests.contract.recordings import VERSIONS, exchanges, needs_recordings
from tests.fault.servers import admin
from tpi_dhis2.sandbox.server import Sandbox, serve

GOOD = {"constants": [{"id": "constant001", "name": "One", "shortName": "One", "value": 1}]}
BAD = {"constants": [{"id": "constant001", "shortName": "x" * 60, "value": 1}]}
TASKS, SUMMARIES = "system/tasks/METADATA_IMPORT", "system/taskSummaries/METADATA_IMPORT"


def start(client, bundle, **params) -> dict:
    return client.ask("POST", "metadata", params={"async": "true", **params}, body=bundle).body


def looks(client, uid, times=4):
    """What a number of looks at a job show: the notes from the oldest on, and the report."""
    found = []
    for _ in range(times):
        notes = [(note["level"], note["message"], note["completed"]) for note in client.get(f"{TASKS}/{uid}")]
        found.append((notes[::-1], client.get(f"{SUMMARIES}/{uid}")))
    return found


def recorded(version, slug):
    """The body of a recorded answer."""
    found = exchanges(version, "metadata-import", slug)
    return next(one["response"]["body"] for one in found if one["slug"] == slug)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_is_seen_before_it_begins_before_it_ends_and_after(version):
    sandbox = Sandbox(version)
    sandbox.state.looks_before_jobs = 1
    with serve(sandbox) as url:
        client = admin(url)
        uid = start(client, GOOD)["response"]["id"]
        waiting, begun, ended, later = looks(client, uid)
        there = sandbox.state.get("constants", "constant001")
    assert waiting == ([], None)
    assert begun[1] is None
    assert not [note for note in begun[0] if note[2]]
    assert ended[0][: len(begun[0])] == begun[0]
    assert ended[0][-1][2] is True
    assert ended[1]["stats"]["created"] == 1
    assert later == ended
    assert there["name"] == "One"


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_stored_before_the_job_runs(version):
    sandbox = Sandbox(version)
    sandbox.state.looks_before_jobs = 1
    with serve(sandbox) as url:
        start(admin(url), GOOD)
    assert sandbox.state.get("constants", "constant001") is None


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_is_announced_as_recorded(version):
    sandbox = Sandbox(version)
    with serve(sandbox) as url:
        played = start(admin(url), BAD)
    body = recorded(version, "async-bad")
    assert shape(played) == shape(body)
    assert played["response"]["jobStatus"] == body["response"]["jobStatus"]
    assert played["response"].get("responseType") == body["response"].get("responseType")


def shape(body: dict) -> dict:
    """The names in an object, and in those inside."""
    return {name: shape(value) if isinstance(value, dict) else None for name, value in body.items()}


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_job_says_and_reports_what_was_recorded(version):
    with serve(Sandbox(version)) as url:
        client = admin(url)
        ((notes, report),) = looks(client, start(client, BAD)["response"]["id"], 1)
    was = recorded(version, "async-bad-task-last")[::-1]
    assert [text(note[1]) for note in notes] == [text(note["message"]) for note in was]
    assert [(level, completed) for level, _, completed in notes] == [(n["level"], n["completed"]) for n in was]
    assert shape(report) == shape(recorded(version, "async-bad-summary"))
    assert report["status"] == "ERROR"


def text(said: str) -> str:
    """A message without the seconds it took."""
    return said.partition(" took ")[0]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_each_type_is_told_of_in_the_words_of_its_version(version):
    with serve(Sandbox(version)) as url:
        client = admin(url)
        start(client, GOOD)
        ((notes, _),) = looks(client, start(client, GOOD)["response"]["id"], 1)
    was = [note["message"] for note in recorded(version, "async-task-last")[::-1]]
    first = next(index for index, said in enumerate(was) if "Constant" in said)
    last = max(index for index, said in enumerate(was) if "Constant" in said)
    mine = [said for _, said, _ in notes]
    end = last + 1 if version == "2.40" else last + 2
    assert was[first:end] == mine[mine.index(was[first]) : mine.index(was[first]) + end - first]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_that_dies_says_why_and_leaves_no_report(version):
    wrong = {"dataElements": [{"id": "dataElemen1", "name": "A", "valueType": "NO_SUCH_TYPE"}]}
    with serve(Sandbox(version)) as url:
        client = admin(url)
        answer = client.ask("POST", "metadata", params={"async": "true"}, body=wrong, expect=(409, 500))
        if version == "2.40":
            assert answer.status >= 400, "2.40 reads the bundle before it starts the job"
            return
        ((notes, report),) = looks(client, answer.body["response"]["id"], 1)
    assert report is None
    assert (notes[-1][0], notes[-1][2]) == ("ERROR", True)
    assert notes[-1][1].startswith("Process failed: ")


def test_a_restart_forgets_jobs(tmp_path):
    kept = tmp_path / "state.json"
    with serve(Sandbox(file=kept)) as url:
        uid = start(admin(url), GOOD)["response"]["id"]
        assert admin(url).get(f"{TASKS}/{uid}")
    with serve(Sandbox(file=kept)) as url:
        assert admin(url).get(f"{TASKS}/{uid}") == []
        assert admin(url).get(f"{SUMMARIES}/{uid}") is None
        assert admin(url).get("constants/constant001")["name"] == "One"
