"""scripts/provision and scripts/sync as a timer runs them: a process, no terminal, a socket, a file with settings."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.fault.servers import (
    PASSWORD,
    ROOT,
    SECRETS,
    TOKEN,
    Ran,
    Reply,
    always,
    environment,
    free_port,
    info,
    provisioned,
    serving,
    tpi,
)
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.sandbox.accounts import hash_password
from tpi_dhis2.sandbox.server import Sandbox, serve

pytestmark = pytest.mark.skipif(os.name != "posix", reason="scripts/ are for POSIX shells")
SCRIPT = ROOT / "scripts" / "provision"
RECORDS = ROOT / "tpi_dhis2" / "demo" / "fictional.yaml"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \[\d+\] .*")


def settings_file(folder, url, password=PASSWORD, mode=0o600, more=""):
    path = folder / "site.env"
    lines = ["# our server", f"TPI_DHIS2_URL={url}", "TPI_DHIS2_USERNAME=admin", f"TPI_DHIS2_PASSWORD={password}", more]
    path.write_bytes("\r\n".join(lines).encode())
    path.chmod(mode)
    return path


def started(folder, *words, script=SCRIPT, **given):
    """Start a script in another folder, with the running environment as TPI_VENV."""
    env = environment(**given) | {"TPI_VENV": sys.prefix, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    command = [str(script), *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)  # noqa: S603


def script(folder, *words, **given):
    with started(folder, *words, **given) as process:
        out, err = process.communicate(timeout=300)
    return Ran(process.returncode, out, err)


def said(log):
    """The texts of a log, of which each line must have time and process."""
    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    return [line.split("] ", 1)[1] for line in lines]


@pytest.fixture
def server():
    """A sandbox with the package, whose administrator has a password that must not be seen."""
    sandbox = provisioned()
    sandbox.state.put("passwords", "admin", hash_password(PASSWORD))
    with serve(sandbox) as url:
        yield sandbox, url


def test_without_a_verb_it_applies_and_a_second_run_has_nothing_to_do(tmp_path):
    sandbox, log = Sandbox(), tmp_path / "run.log"
    with serve(sandbox) as url:
        path = settings_file(tmp_path, url, "district")
        first, second = script(tmp_path, path, "--log", log), script(tmp_path, path, "--log", log)
    assert (first.code, first.err) == (0, "")
    assert "is recorded on the server" in first.out
    assert (second.code, second.err) == (0, "")
    assert "Nothing to do" in second.out
    texts = said(log)
    assert texts.count("exit code 0") == 2
    assert [text for text in texts if text.startswith("begin: tpi-dhis2 provision apply --yes (")] == [texts[0]] * 2
    assert "Nothing to do: the server is as the package says." in texts


@pytest.mark.parametrize("version", ["2.40", "2.41", "2.42", "2.43"])
def test_the_exit_code_is_the_tools_own(version, tmp_path):
    log = tmp_path / "run.log"
    with serve(Sandbox(version)) as url:
        path = settings_file(tmp_path, url, "district")
        codes = [
            script(tmp_path, path, *words, "--log", log).code
            for words in (
                ["status"],
                ["plan", "--exit-code"],
                ["assign", "--level", "4", "--yes"],
                ["plan", "--nonsense"],
            )
        ]
    assert codes == [0, 3, 1, 2]
    assert [text for text in said(log) if text.startswith("exit code")] == [f"exit code {code}" for code in codes]


def test_a_change_on_the_server_is_told_at_night(tmp_path, server):
    sandbox, url = server
    words = (settings_file(tmp_path, url), "--log", tmp_path / "run.log", "drift", "--exit-code")
    before = script(tmp_path, *words)
    sandbox.state.change("programStages", package_fields().stages["plan"].uid, name="Our plan")
    after = script(tmp_path, *words)
    assert (before.code, after.code) == (0, 3)
    assert "Our plan" in after.out
    assert said(tmp_path / "run.log")[-1] == "exit code 3"


def test_options_without_a_verb_are_those_of_apply(tmp_path, server):
    ran = script(tmp_path, settings_file(tmp_path, server[1]), "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("{")


def test_what_asks_is_not_asked_without_a_terminal(tmp_path, server):
    ran = script(tmp_path, settings_file(tmp_path, server[1]), "uninstall")
    assert ran.code == 1
    assert "--yes" in ran.err


@pytest.mark.parametrize("secret", [PASSWORD, 'it\'s "Geheim4711" \\ $9'], ids=["plain", "with quotation marks"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "JSON"])
def test_a_secret_that_is_printed_is_not_in_the_log(form, secret, tmp_path, server):
    server[0].state.put("passwords", "admin", hash_password(secret))
    log = tmp_path / "run.log"
    path = settings_file(tmp_path, server[1], secret)
    ran = script(tmp_path, path, "assign", "--unit", secret, "--yes", "--log", log, "--verbose", *form)
    assert ran.code == 1
    assert "there is no unit '***'" in ran.err
    assert "begin: tpi-dhis2 provision assign --unit '***' --yes --verbose" in log.read_text()
    assert not [part for part in (secret, "4711", "$9") if part in log.read_text()]
    assert secret not in ran.out + ran.err


def test_values_are_never_run_and_nothing_of_the_environment_counts(tmp_path, server):
    evil = "$(touch pwned) `touch pwned` # ' \" ; touch pwned"
    server[0].state.put("passwords", "admin", hash_password(evil))
    path = settings_file(tmp_path, server[1], evil)
    ran = script(tmp_path, path, "status", token=TOKEN, url="http://127.0.0.1:1")
    assert (ran.code, ran.err) == (0, "")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["", "none/run.log", "site.env/run.log"], ids=["a folder", "no folder", "a file"])
def test_a_log_that_cannot_be_written_stops_before_anything_is_sent(name, tmp_path, server):
    server[0].requests.clear()
    ran = script(tmp_path, settings_file(tmp_path, server[1]), "--log", tmp_path / name)
    assert ran.code == 1
    assert "cannot be written" in ran.err
    assert "Nothing was sent" in ran.err
    assert not server[0].requests


def test_a_bad_settings_file_is_in_the_log_without_its_values(tmp_path):
    log = tmp_path / "run.log"
    path = settings_file(tmp_path, f"http://127.0.0.1:{free_port()}", more=f"TPI_DHIS2_PASWORD={TOKEN}")
    ran = script(tmp_path, path, "--log", log)
    assert ran.code == 1
    assert "site.env, line 5: TPI_DHIS2_PASWORD is no setting" in ran.err
    first, last = said(log)
    assert "line 5" in first
    assert last == "exit code 1"
    assert not [secret for secret in SECRETS if secret in ran.err + log.read_text()]


def test_a_file_that_everybody_can_read_is_warned_of(tmp_path, server):
    log = tmp_path / "run.log"
    ran = script(tmp_path, settings_file(tmp_path, server[1], mode=0o644), "status", "--log", log)
    assert ran.code == 0
    assert "chmod 600" in ran.err
    assert [text for text in said(log) if "chmod 600" in text]


def test_no_server_is_code_1_and_one_line(tmp_path):
    ran = script(tmp_path, settings_file(tmp_path, f"http://127.0.0.1:{free_port()}"), "status")
    assert ran.code == 1
    assert [line for line in ran.lines if line.startswith("Error: No answer")]


def test_without_a_file_it_says_how_it_is_used(tmp_path):
    ran = script(tmp_path)
    assert ran.code == 2
    assert "Usage: scripts/provision" in ran.err
    assert script(tmp_path, "--help").out.startswith("Usage: scripts/provision [OPTIONS] FILE.env")


def test_whoever_stops_it_stops_the_work_and_the_log_says_so(tmp_path):
    log = tmp_path / "run.log"
    answer = always(Reply(info().status, info().body, seconds=20))
    with (
        serving(answer) as slow,
        started(tmp_path, settings_file(tmp_path, slow.url), "status", "--log", log) as process,
    ):
        while not slow.asked and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
    assert process.returncode == 128 + signal.SIGTERM
    assert said(log)[-1] == "exit code 143"


def test_a_scheduled_sync_runs_and_its_log_tells_counts_and_nothing_entered(tmp_path, server):
    _, url = server
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    assert tpi("sync", "push", RECORDS, url=url, store=store, username="admin", password=PASSWORD).code == 0
    file, log = settings_file(tmp_path, url, more=f"TPI_DHIS2_STORE={store}"), tmp_path / "sync.log"
    ran = script(tmp_path, file, "--log", log, script=SCRIPT.with_name("sync"))
    assert ran.code == 0, ran
    texts = said(log)
    assert texts[0].startswith("begin: tpi-dhis2 sync run (settings: ")
    assert [text for text in texts if text.startswith("event=pulled seen=8 ")]
    assert texts[-1] == "exit code 0"
    assert "(fictional)" not in log.read_text()
