"""What keeps the data of a sandbox between runs: nothing that was answered is lost, and nothing is half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.fault.servers import ROOT, tpi
from tests.unit.test_sandbox import ACCOUNT, PACKAGE, constant, get, partnership, post
from tpi_dhis2.sandbox import kept
from tpi_dhis2.sandbox.kept import read_all, version_of
from tpi_dhis2.sandbox.server import Sandbox, serve


@contextmanager
def process(*args: object, until: str = "Ctrl-C stops it") -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command in a process of its own, and what it has said when it is ready."""
    command = [sys.executable, "-m", "tpi_dhis2", "sandbox", "serve", "--port", "0", *map(str, args)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as served:  # noqa: S603
        said: list[str] = []
        try:
            while served.stdout and (line := served.stdout.readline()):
                said.append(line.strip())
                if until in line:
                    break
            yield served, said
        finally:
            served.kill()


def address(said: list[str]) -> str:
    return next(word for line in said for word in line.split() if word.startswith("http://"))


def constants(url: str) -> list[str]:
    found = get(url, "/api/constants?paging=false&fields=id").json()["constants"]
    return sorted(each["id"] for each in found)


def test_who_is_killed_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    made = [f"conNumber{n:02}" for n in range(8)]
    for four in (made[:4], made[4:]):
        with process("--file", file) as (served, said):
            for uid in four:
                assert post(address(said), "/api/metadata", {"constants": [constant(uid, uid)]}).ok
            served.send_signal(signal.SIGKILL)
    with serve(Sandbox("2.42", file)) as url:
        assert constants(url) == made


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_whoever_ends_it_stop_it_and_the_data_are_kept(tmp_path: Path, told: signal.Signals) -> None:
    with process("--file", tmp_path / "s.json", "--as", "2.41") as (served, said):
        assert said[0].startswith("The sandbox speaks as DHIS2 2.41 at http://127.0.0.1:")
        assert said[1].startswith("user admin, password district: ")
        assert str(tmp_path / "s.json") in said[2]
        served.send_signal(told)
        assert served.communicate(timeout=20)[0].strip() == "Stopped; its data are kept."
        assert served.returncode == 0


def test_a_request_costs_what_it_changed_and_not_what_there_is(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    with serve(Sandbox("2.42", file)) as url:
        post(url, "/api/metadata", PACKAGE)
        many = [partnership(f"tePartner{n:02}", "x" * 1000) for n in range(100)]
        assert post(url, "/api/tracker?async=false", {"trackedEntities": many}).ok
        before = file.stat()
        post(url, "/api/metadata", {"constants": [constant("conOne00001", "One")]})
        after = file.stat()
        assert get(url, "/api/constants").ok
        assert file.stat() == after
    assert before.st_ino == after.st_ino
    assert 0 < after.st_size - before.st_size < 2000


def test_a_line_that_was_cut_off_is_left_out_and_the_file_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    with serve(Sandbox("2.42", file)) as url:
        for uid in ("conFirst001", "conSecond01"):
            post(url, "/api/metadata", {"constants": [constant(uid, uid)]})
    file.write_bytes(file.read_bytes()[:-7])
    for more in ("conThird001", "conFourth01"):
        with serve(Sandbox("2.42", file)) as url:
            post(url, "/api/metadata", {"constants": [constant(more, more)]})
    with serve(Sandbox("2.42", file)) as url:
        assert constants(url) == ["conFirst001", "conFourth01", "conThird001"]


def test_what_is_removed_is_gone_after_a_restart_too(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    with serve(Sandbox("2.42", file)) as url:
        post(url, "/api/metadata", {"constants": [constant("conFirst001", "One"), constant("conSecond01", "Two")]})
        requests.delete(f"{url}/api/constants/conFirst001", auth=ACCOUNT, timeout=10)
    with serve(Sandbox("2.42", file)) as url:
        assert constants(url) == ["conSecond01"]


def test_after_many_changes_all_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SPARE", 0)
    file = tmp_path / "s.json"
    with serve(Sandbox("2.42", file)) as url:
        sizes = []
        for n in range(60):
            post(url, "/api/metadata", {"constants": [constant("conOnly0001", f"Name {n}")]})
            sizes.append(file.stat().st_size)
    assert max(sizes) < 3 * min(sizes)
    with serve(Sandbox("2.42", file)) as url:
        assert get(url, "/api/constants/conOnly0001").json()["name"] == "Name 59"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_is_told_and_made_good_when_there_is_room(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    sandbox = Sandbox("2.42", file)
    with serve(sandbox) as url:
        file.rename(tmp_path / "away.json")
        file.symlink_to("/dev/full")
        refused = post(url, "/api/metadata", {"constants": [constant("conFirst001", "One")]})
        assert (refused.status_code, "No space left" in refused.text) == (500, True)
        assert post(url, "/api/metadata", {"constants": [constant("conSecond01", "Two")]}).ok
    with serve(Sandbox("2.42", file)) as url:
        assert constants(url) == ["conFirst001", "conSecond01"]


# Files that are something else --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no JSON", "its line 1 is damaged"),
        ("", "its line 1 is damaged"),
        ("{}", "it holds no data of a sandbox"),
        ("[1]", "it holds no data of a sandbox"),
        ('{"version": "x", "tables": 3}', "it holds no data of a sandbox"),
        ('{"version": 42, "tables": {"users": 3}}', "it holds no data of a sandbox"),
        ('{"version": 42, "tables": {}}\nnonsense\n[]\n', "its line 2 is damaged"),
        ('{"version": 42, "tables": {}}\n[["users"]]\n[]\n', "its line 2 is damaged"),
        ('{"version": 40, "tables": {}}\n', "it holds the data of a DHIS2 2.40, not of a 2.42"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line_and_left(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "s.json"
    file.write_text(content)
    ran = tpi("sandbox", "serve", "--port", "0", "--file", file, "--as", "2.42")
    assert (ran.code, ran.lines[0]) == (1, f"Error: {file} cannot be used: {words}.")
    assert "sandbox reset" in ran.lines[1]
    assert file.read_text() == content


def test_without_a_version_it_speaks_as_that_of_its_data(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    assert version_of(file) is None
    Sandbox("2.40", file)
    assert version_of(file) == "2.40"
    with process("--file", file) as (_, said):
        assert get(address(said), "/api/system/info").json()["version"].startswith("2.40")


# Reset --------------------------------------------------------------------------------------------------------------


def test_reset_waits_for_nobody_and_empties_only_what_is_not_served(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    with process("--file", file) as (_, said):
        post(address(said), "/api/metadata", {"constants": [constant("conFirst001", "One")]})
        refused = tpi("sandbox", "reset", "--file", file, "--yes")
        assert (refused.code, refused.lines) == (
            1, [f"Error: A sandbox is being served from {file}.", "Stop it first (Ctrl-C where it runs)."],
        )  # fmt: skip
        again = tpi("sandbox", "serve", "--port", "0", "--file", file)
        assert again.lines == refused.lines
        assert constants(address(said)) == ["conFirst001"]
        other = tpi("sandbox", "reset", "--file", tmp_path / "other.json", "--yes")
        assert other.code == 0
    assert tpi("sandbox", "reset", "--file", file, "--yes").code == 0
    with serve(Sandbox("2.42", file)) as url:
        assert constants(url) == []
    assert read_all(file)[0] == 42
