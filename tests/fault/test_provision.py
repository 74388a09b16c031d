"""Every fault in the middle of an apply: the server ends as before or as planned, and what is said says which.

Through the real command line and sockets. A small change goes in one request, the whole package as a job of the server.
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fault.servers import (
    DROPPED,
    Asked,
    Ran,
    Reply,
    admin,
    between,
    environment,
    html,
    message,
    provisioned,
    tpi,
)
from tpi_dhis2.dhis2 import jobs, transport
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision import carry_out
from tpi_dhis2.provision.installed import Run, read_installed, write_installed
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.sandbox.server import Sandbox, serve

ACCOUNT = {"username": "admin", "password": "district"}
PLAN = package_fields().stages["plan"].uid
BEFORE, PLANNED = "before", "planned"


@pytest.fixture(autouse=True)
def no_naps(monkeypatch):
    monkeypatch.setattr(transport.PatientRetry, "sleep", lambda *_: None)
    monkeypatch.setattr(jobs.time, "sleep", lambda *_: None)
    monkeypatch.setattr(jobs, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(carry_out, "PAUSES", (0.0, 0.0))


def changed() -> Sandbox:
    """A server with the package where somebody has renamed a stage."""
    sandbox = provisioned()
    with serve(sandbox) as url:
        patch = [{"op": "replace", "path": "/name", "value": "Our plan"}]
        Metadata(admin(url)).patch("programStages", PLAN, patch)
    return sandbox


SIZES = pytest.mark.parametrize("make", [changed, Sandbox], ids=["a change", "the whole package"])


def is_commit(asked: Asked) -> bool:
    return asked.method == "POST" and "importMode=COMMIT" in asked.path


def apply(url: str, folder: Path, *more: str) -> Ran:
    return tpi("provision", "apply", "--yes", "--backups", folder, *more, url=url, **ACCOUNT)


def how(client: Client) -> str:
    """How the server is: as before, as planned, or the actions that a plan still has."""
    plan = make_plan(client, bundle(client.version.short))
    if plan.is_settled:
        return PLANNED
    first = plan.counts == {"create": len(plan.steps)} or [change.old for step in plan.of("update")
                                                          for change in step.changes] == ["Our plan"]  # fmt: skip
    return BEFORE if first else str(plan.counts)


def is_plain_failure(ran: Ran) -> bool:
    said = [line for line in ran.lines if line.startswith("Error:")]
    return ran.code == 1 and len(said) == 1 and "Unexpected" not in said[0] and "Traceback" not in ran.err


def recovers(url: str, folder: Path) -> None:
    """The same command ends well and a further one has nothing to do; the backups are enough to undo it all."""
    assert apply(url, folder).code == 0
    assert "Nothing to do" in apply(url, folder).out
    assert (folder / read_installed(admin(url)).runs[-1].backup).exists()


@SIZES
def test_an_import_that_never_reaches_the_server(make, tmp_path):
    with serve(make()) as real:
        with between(real, first=lambda asked: DROPPED if is_commit(asked) else None) as proxy:
            ran = apply(proxy.url, tmp_path)
        assert is_plain_failure(ran), ran
        assert "So far the server is as before" in ran.err
        assert how(admin(real)) == BEFORE
        recovers(real, tmp_path)


@SIZES
@pytest.mark.parametrize("version", ["2.40", "2.43"])
def test_an_import_whose_answer_is_lost_is_found_to_have_happened(make, version, tmp_path):
    sandbox = Sandbox(version) if make is Sandbox else make()
    with serve(sandbox) as real, between(real, is_commit) as proxy:
        ran = apply(proxy.url, tmp_path)
        assert ran.code == 0, ran
        assert how(admin(real)) == PLANNED
        assert len(read_installed(admin(real)).runs) == (1 if make is Sandbox else 2)


@SIZES
@pytest.mark.parametrize("after", [False, True], ids=["before it has taken it", "when it has taken it"])
def test_a_server_that_goes_down_with_the_import(make, after, tmp_path):
    down = []

    def first(asked: Asked) -> Reply | None:
        if is_commit(asked) and not after:
            down.append(1)
        return DROPPED if down else None

    def lose(asked: Asked) -> bool:
        down.extend([1] if is_commit(asked) else [])
        return bool(down)

    with serve(make()) as real:
        with between(real, lose, first) as proxy:
            ran = apply(proxy.url, tmp_path)
        assert is_plain_failure(ran), ran
        assert "it is as before or as planned, since a request works whole or not at all" in ran.err
        assert how(admin(real)) in (BEFORE, PLANNED) or make is Sandbox
        recovers(real, tmp_path)
        assert [run.version for run in read_installed(admin(real)).runs].count("") <= 1


def test_a_server_that_goes_down_when_it_has_answered(tmp_path):
    done = []

    def first(asked: Asked) -> Reply | None:
        if done:
            return DROPPED
        done.extend([1] if is_commit(asked) else [])
        return None

    with serve(changed()) as real:
        with between(real, first=first) as proxy:
            ran = apply(proxy.url, tmp_path)
        assert is_plain_failure(ran), ran
        assert "The server took what was sent, and could not be asked whether it holds it" in ran.err
        assert how(admin(real)) == PLANNED
        recovers(real, tmp_path)


def test_a_server_that_restarts_in_the_middle_of_the_job_and_forgets_it(tmp_path):
    sandbox = Sandbox()
    sandbox.state.looks_before_jobs = 2
    restarted = []

    def first(asked: Asked) -> Reply | None:
        if "/system/tasks/" in asked.path and "COMMIT" in str(seen[-1].path) and not restarted:
            restarted.append(1)
            sandbox.state.tables["jobs"].clear()
            sandbox.state.waiting.clear()
            return html(503)
        seen.extend([asked] if asked.method == "POST" else [])
        return None

    seen: list[Asked] = []
    with serve(sandbox) as real:
        with between(real, first=first) as proxy:
            clock = itertools.count(0, 30)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(jobs.time, "monotonic", lambda: next(clock))
                ran = apply(proxy.url, tmp_path)
        assert restarted
        assert is_plain_failure(ran), ran
        assert "So far the server is as before" in ran.err
        assert how(admin(real)) == BEFORE
        sandbox.state.looks_before_jobs = 0
        recovers(real, tmp_path)


READ_ONLY = {
    "a database that takes nothing": message(500, "cannot execute INSERT in a read-only transaction"),
    "a proxy that lets nothing through": html(405),
    "a proxy that forbids": message(403, "Read-only"),
}


@SIZES
@pytest.mark.parametrize("reply", READ_ONLY.values(), ids=list(READ_ONLY))
def test_a_server_that_may_only_be_read(make, reply, tmp_path):
    def first(asked: Asked) -> Reply | None:
        return reply if asked.method != "GET" and "importMode=VALIDATE" not in asked.path else None

    sandbox = make()
    with serve(sandbox) as real:
        with between(real, first=first) as proxy:
            ran = apply(proxy.url, tmp_path)
        assert is_plain_failure(ran), ran
        assert "no metadata was sent" in ran.err
        assert proxy.count("POST") == proxy.count("POST", "VALIDATE") + proxy.count("POST", "dataStore")
        assert how(admin(real)) == BEFORE
        recovers(real, tmp_path)


@SIZES
def test_an_import_that_the_server_refuses_leaves_no_trace(make, tmp_path):
    def first(asked: Asked) -> Reply | None:
        return message(409, "Constraint violated") if is_commit(asked) else None

    with serve(make()) as real:
        there = read_installed(admin(real))
        with between(real, first=first) as proxy:
            ran = apply(proxy.url, tmp_path)
        assert is_plain_failure(ran), ran
        assert "Constraint violated" in ran.err
        assert "The server is as before." in ran.err
        assert (how(admin(real)), read_installed(admin(real))) == (BEFORE, there)


def test_the_record_that_cannot_be_written_is_written_by_the_next_run(tmp_path):
    puts = []

    def first(asked: Asked) -> Reply | None:
        puts.extend([1] if asked.method == "PUT" else [])
        return message(500, "No") if asked.method == "PUT" and len(puts) > 1 else None

    with serve(changed()) as real:
        with between(real, first=first) as proxy:
            ran = apply(proxy.url, tmp_path)
        assert is_plain_failure(ran), ran
        assert "The server is as planned; only its record of that is missing" in ran.err
        assert how(admin(real)) == PLANNED
        assert tpi("provision", "rollback", "--yes", "--backups", tmp_path, url=real, **ACCOUNT).code == 0
        assert how(admin(real)) == BEFORE


def test_somebody_else_applies_while_one_reads_the_plan(tmp_path):
    """One's plan was made before the other one was done; it is made again before anything is sent."""
    sandbox, seen = changed(), []

    def first(asked: Asked) -> Reply | None:
        # The objects have been read when those are looked for that were not found; another administrator is quicker.
        seen.extend([asked] if asked.path.startswith("/api/metadata?") else [])
        if len(seen) == 2:
            seen.append(asked)
            assert apply(real, tmp_path / "theirs").code == 0
        return None

    with serve(sandbox) as real, between(real, first=first) as proxy:
        ran = apply(proxy.url, tmp_path / "mine")
        assert is_plain_failure(ran), ran
        assert "changed since the plan was made; nothing was sent" in ran.err
        assert proxy.count("POST") == 0
        assert not (tmp_path / "mine").exists()


def colour(url: str, _folder: Path) -> None:
    """The site gives the stage a colour, which belongs to it."""
    Metadata(admin(url)).patch("programStages", PLAN, [{"op": "replace", "path": "/style", "value": {"color": "#f00"}}])


def begin(url: str, _folder: Path) -> None:
    """Another administrator's run is recorded as begun; it has changed nothing yet."""
    client = admin(url)
    there = read_installed(client)
    run = Run("20260101T000000.000000Z", "apply", "", "2026-01-01", "other", "apply-x.json", "0")
    write_installed(client, replace(there, runs=[*there.runs, run]))


@pytest.mark.parametrize(
    ("act", "words"),
    [(colour, "changed since the plan was made"), (begin, "Somebody else has begun")],
    ids=["a change", "another run"],
)
def test_somebody_else_acts_while_the_server_checks(act, words, tmp_path):
    """The check of a large package takes minutes; what came meanwhile is not overwritten with what was read before."""
    sandbox, seen = changed(), []

    def first(asked: Asked) -> Reply | None:
        if "importMode=VALIDATE" in asked.path and not seen:
            seen.append(asked)
            act(real, tmp_path)
        return None

    with serve(sandbox) as real, between(real, first=first) as proxy:
        ran = apply(proxy.url, tmp_path / "mine")
        assert is_plain_failure(ran), ran
        assert words in ran.err
        assert not any("importMode=COMMIT" in asked.path for asked in proxy.asked)
        assert not (tmp_path / "mine").exists()


MOMENTS: dict[str, Callable[[Asked], bool]] = {
    "at the check": lambda asked: "importMode=VALIDATE" in asked.path,
    "when the run is recorded": lambda asked: asked.method == "PUT",
    "at the import": is_commit,
    "while the server works": lambda asked: "/system/tasks/" in asked.path,
    "at the lists": lambda asked: is_commit(asked) and b"programStageWorkingLists" in asked.body,
}


@pytest.mark.parametrize("passed", [False, True], ids=["unheard", "heard"])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=list(MOMENTS))
def test_an_apply_that_is_killed_is_finished_or_undone_by_the_next(moment, passed, tmp_path):
    with serve(Sandbox()) as real:
        for process in _killed(real, moment, passed, tmp_path):
            assert process.returncode == -signal.SIGKILL
        assert how(admin(real)) in (BEFORE, PLANNED) or _only_lists(admin(real))
        recovers(real, tmp_path)
        known = read_installed(admin(real)).runs[0]
        undone = tpi("provision", "rollback", "--to", known.id, "--yes", "--backups", tmp_path, url=real, **ACCOUNT)
        assert undone.code == 0, undone
        assert how(admin(real)) == BEFORE


def _only_lists(client: Client) -> bool:
    plan = make_plan(client, bundle(client.version.short))
    return {step.kind for step in plan.of("create", "update")} == {"programStageWorkingLists"}


def _killed(
    real: str, moment: Callable[[Asked], bool], passed: bool, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """An apply of its own that is killed at a request that the moment names, before or after it is passed on."""
    running: list[subprocess.Popen[bytes]] = []

    def kill(asked: Asked) -> bool:
        if moment(asked):
            running[0].kill()
            return True
        return False

    proxy_args = {"lose": kill} if passed else {"first": lambda asked: DROPPED if kill(asked) else None}
    with between(real, **proxy_args) as proxy:
        command = [sys.executable, "-m", "tpi_dhis2", "provision", "apply", "--yes", "--backups", str(folder)]
        env = environment(url=proxy.url, **ACCOUNT)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running.append(subprocess.Popen(command, env=env, **quiet))  # noqa: S603 - our own program
        running[0].wait(timeout=120)
        yield running[0]
