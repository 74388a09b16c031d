"""Imports of metadata that get lost on the way: sent once, and the one who sent them is told to look."""

from __future__ import annotations

import socket
from contextlib import nullcontext
from itertools import chain

import pytest

from tests.fault.servers import DROPPED, Reply, admin, between, free_port, html, message, serving
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.jobs import Clock
from tpi_dhis2.dhis2.metadata import LARGE, Metadata
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.errors import OutcomeUnknown, ServerRefused, TpiError, Unreachable
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.kinds import LAST
from tpi_dhis2.sandbox.server import Sandbox, serve

VERSIONS = ("2.40", "2.41", "2.42", "2.43")
QUICK = Clock(sleep=lambda _: None)
KNOWN = ServerVersion.parse("2.42.4")
STATS = {"created": 1, "updated": 0, "deleted": 0, "ignored": 0, "total": 1}
REPORT = {"response": {"status": "OK", "stats": STATS, "typeReports": []}, "status": "OK", "more": "x" * 5000}
#: Values that a server makes up or that tell the time.
MADE_UP = ("created", "lastUpdated", "lastUpdatedBy", "createdBy", "user", "serial")


def constants(count: int) -> dict:
    names = [f"constant{number:03}" for number in range(count)]
    return {"constants": [{"id": name, "name": name, "shortName": name, "value": 1} for name in names]}


SMALL, BIG = constants(3), constants(LARGE + 1)
both_sizes = pytest.mark.parametrize("sent", [SMALL, BIG], ids=["at once", "as a job"])


@pytest.fixture(autouse=True)
def no_naps(monkeypatch):
    monkeypatch.setattr(transport.PatientRetry, "sleep", lambda *_: None)


def metadata(url: str) -> Metadata:
    """The metadata of a server whose version has been asked for before, as every command does."""
    client = admin(url)
    client.__dict__["version"] = KNOWN
    return Metadata(client, QUICK)


LOST = {
    "dropped": DROPPED,
    "half an answer": Reply(body=REPORT, cut=True),
    "half an answer of a proxy that calls it whole": Reply(body='{"status": "OK", "respon'),
    "a page": html(),
    "an empty answer": Reply(),
    "an answer of another kind": Reply(body=["OK"]),
    "no report": Reply(body={"status": "OK", "response": None}),
    "a server's failure": message(500, "could not initialize proxy - no Session"),
    "a proxy's failure": html(502),
    "a proxy without a server": html(503),
    "a proxy out of patience": html(504),
}


@both_sizes
@pytest.mark.parametrize("reply", LOST.values(), ids=list(LOST))
def test_a_lost_import_is_sent_once_and_its_outcome_not_known(reply, sent):
    with serving(lambda _: reply) as server, pytest.raises(OutcomeUnknown) as raised:
        metadata(server.url).commit(sent)
    assert server.count("POST") == len(server.asked) == 1
    assert "not known" in str(raised.value) or "gave no report" in str(raised.value) or "which job" in str(raised.value)
    assert "plan" in raised.value.advice
    assert "\n" not in str(raised.value)


@both_sizes
@pytest.mark.parametrize("reply", LOST.values(), ids=list(LOST))
def test_a_check_that_is_lost_wrote_nothing(reply, sent):
    with serving(lambda _: reply) as server, pytest.raises(TpiError) as raised:
        metadata(server.url).validate(sent)
    assert not isinstance(raised.value, OutcomeUnknown)


def test_a_check_that_is_lost_is_sent_again():
    replies = [DROPPED, html(502), Reply(body=REPORT)]
    with serving(lambda _: replies.pop(0)) as server:
        metadata(server.url).validate(SMALL)
    assert server.count("POST") == 3


@both_sizes
def test_an_import_without_an_answer_in_time_is_not_known(sent, monkeypatch):
    monkeypatch.setattr(transport, "READ_SECONDS", 0.05)
    monkeypatch.setattr(transport, "IMPORT_SECONDS", 0.05)
    with serving(lambda _: Reply(body=REPORT, seconds=0.2)) as server, pytest.raises(OutcomeUnknown, match="did not"):
        metadata(server.url).commit(sent)
    assert len(server.asked) == 1


@both_sizes
def test_an_import_that_was_never_sent_is_known(sent):
    with pytest.raises(Unreachable):
        metadata(f"http://127.0.0.1:{free_port()}").commit(sent)


def test_an_import_is_sent_once_the_server_listens(monkeypatch):
    refused, connect = [True], socket.socket.connect

    def late(self, address):
        if refused.pop() if refused else False:
            raise ConnectionRefusedError
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", late)
    with serving(lambda _: Reply(body=REPORT)) as server:
        assert metadata(server.url).commit(SMALL) == STATS
    assert (len(server.asked), refused) == (1, [])


def test_a_server_that_asks_to_slow_down_has_not_taken_it():
    replies = [message(429, "slowly"), html(429), Reply(body=REPORT)]
    with serving(lambda _: replies.pop(0)) as server:
        assert metadata(server.url).commit(SMALL) == STATS


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429])
def test_a_refusal_is_known(status):
    with serving(lambda _: message(status, "No")) as server, pytest.raises(TpiError) as raised:
        metadata(server.url).commit(SMALL)
    assert not isinstance(raised.value, OutcomeUnknown)


# On the sandbox --------------------------------------------------------------------------------------------------


@both_sizes
def test_what_was_lost_after_the_server_had_it_is_there(sent):
    sandbox = Sandbox()
    with serve(sandbox) as real, between(real, lambda asked: asked.method == "POST") as proxy:
        with pytest.raises(OutcomeUnknown):
            metadata(proxy.url).commit(sent)
        assert proxy.count("POST") == 1
    assert len(sandbox.state.table("constants")) == len(sent["constants"])


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_to_looks_may_be_lost(version):
    turn = iter(range(1000))
    sandbox = Sandbox(version)
    sandbox.state.looks_before_jobs = 2
    with serve(sandbox) as real, between(real, lambda asked: "/system/task" in asked.path and next(turn) % 3) as proxy:
        assert metadata(proxy.url).commit(BIG)["created"] == LARGE + 1
        assert proxy.count("POST") == 1


@pytest.mark.parametrize("looks", [1, 2, 3])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_restarts_in_the_middle_leaves_it_unknown(version, looks):
    sandbox, left = Sandbox(version), [looks]
    sandbox.state.looks_before_jobs = 1
    handle = sandbox.handle

    def restarting(request):
        left[0] -= "/system/tasks/" in request.path
        if left[0] < 0:
            sandbox.state.tables["jobs"].clear()
            sandbox.state.waiting.clear()
        return handle(request)

    sandbox.handle = restarting
    stands = iter(range(0, 10**6, 60))
    with serve(sandbox) as url, pytest.raises(OutcomeUnknown) if looks < 3 else nullcontext():
        Metadata(admin(url), Clock(lambda: next(stands), lambda _: None)).commit(BIG)
    assert len(sandbox.state.table("constants")) == (LARGE + 1 if looks == 3 else 0)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_package_is_stored_alike_at_once_and_as_a_job(version, monkeypatch):
    whole = {kind: items for kind, items in bundle(version).items() if isinstance(items, list)}
    parts = [{kind: whole[kind] for kind in whole if (kind in LAST) is last} for last in (False, True)]
    told: list[str] = []
    as_job = stored(version, parts, told, looks=1)
    monkeypatch.setattr("tpi_dhis2.dhis2.metadata.LARGE", 10**6)
    assert len(told) > 20
    assert as_job == stored(version, parts, [], looks=0)


def stored(version, parts, told, looks):
    """What a sandbox holds after the import of some bundles, without what it makes up, and the counts it gave."""
    sandbox = Sandbox(version)
    sandbox.state.looks_before_jobs = looks
    with serve(sandbox) as url:
        client = metadata(url)
        counts = []
        for part in parts:
            client.validate(part, told.append)
            counts.append(client.commit(part, told.append))
    kinds = set(chain(*parts))
    rows = {kind: plain(sandbox.state.table(kind)) for kind in kinds}
    assert sum(len(rows[kind]) for part in parts for kind in part)
    return rows, counts


def plain(value):
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in MADE_UP}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bad_object_is_refused_alike_at_once_and_as_a_job(version):
    sandbox = Sandbox(version)
    with serve(sandbox) as url:
        said = []
        for sent in (SMALL, BIG):
            bad = {"constants": [*sent["constants"], {"id": "constantBad", "shortName": "x" * 60, "value": 1}]}
            with pytest.raises(ServerRefused) as raised:
                metadata(url).commit(bad)
            said.append((str(raised.value), raised.value.detail))
    assert said[0] == said[1]
    assert "E4000" in said[0][0]
    assert not sandbox.state.table("constants")


def test_a_job_that_dies_of_an_exception_is_refused_with_its_text():
    wrong = {**BIG, "dataElements": [{"id": "dataElemen1", "name": "A", "valueType": "NO_SUCH_TYPE"}]}
    with serve(Sandbox("2.43")) as url, pytest.raises(ServerRefused, match=r"Process failed: .*NO_SUCH_TYPE"):
        metadata(url).commit(wrong)
