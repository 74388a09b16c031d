"""The command line: help that is quick, exit codes, JSON, questions, and wrong usage."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from tests.fault.servers import ROOT, Ran, environment, provisioned, tpi
from tpi_dhis2.cli import common
from tpi_dhis2.cli.main import cli
from tpi_dhis2.sandbox.server import Sandbox, serve

RECORDS = ROOT / "tpi_dhis2" / "demo" / "published.yaml"
ACCOUNT = {"username": "admin", "password": "district"}
HEAVY = {"requests", "urllib3", "sqlalchemy", "rich", "jinja2", "yaml", "pydantic", "dhis2"}


def commands() -> list[tuple[str, ...]]:
    """Every noun and every verb."""
    context, found = click.Context(cli), [()]
    for noun in cli.list_commands(context):
        command = cli.get_command(context, noun)
        found.append((noun,))
        if isinstance(command, click.Group):
            found += [(noun, verb) for verb in command.list_commands(context)]
    return found


def process(code: str, *args: str, **given: str) -> Ran:
    """Run Python code in a process of its own."""
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, env=environment(**given), capture_output=True, text=True, check=False)  # noqa: S603
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def server():
    """A sandbox with the package and the published partnerships, and a store that has them, too."""
    sandbox = provisioned()
    with serve(sandbox) as url:
        yield sandbox, url


@pytest.fixture(scope="module")
def given(server, tmp_path_factory):
    """Settings for that server and store."""
    settings = {"url": server[1], "store": f"sqlite:///{tmp_path_factory.mktemp('store') / 's.sqlite'}", **ACCOUNT}
    assert tpi("sync", "push", RECORDS, **settings).code == 0
    return settings


# Help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", commands(), ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_every_command(words, flag):
    ran = tpi(*words, flag)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: {' '.join(['tpi-dhis2', *words])}")
    assert "\\b" not in ran.out
    assert "\b" not in ran.out


def test_help_names_the_exit_codes_line_by_line():
    lines = [line.strip() for line in tpi("--help").out.splitlines()]
    assert "Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage," in lines


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_says_what_it_is_for(words):
    lines = [line for line in tpi(*words, "--help").out.splitlines()[1:] if line.strip()]
    assert lines[0].startswith("  ")
    assert lines[0].strip()[0].isupper()


@pytest.mark.parametrize("words", [(), ("sync",), ("sync", "push"), ("provision", "apply"), ("report",), ("demo",)])
def test_help_loads_no_heavy_library(words):
    code = """
import atexit, sys
atexit.register(lambda: print(sorted(name for name in sys.modules if "." not in name), file=sys.stderr))
from tpi_dhis2.cli.main import main
main(sys.argv[1:])
"""
    ran = process(code, *words, "--help")
    assert ran.code == 0
    assert not [name for name in HEAVY if f"'{name}'" in ran.err]
    assert "'click'" in ran.err


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "tpi_dhis2", "--help"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.startswith("Usage: tpi-dhis2")


def test_version():
    ran = tpi("--version")
    assert ran.code == 0, "from a checkout that is not installed, too"
    assert ran.out.startswith("tpi-dhis2")


# Usage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("sync",),
        ("nonsense",),
        ("sync", "nonsense"),
        ("sync", "pull", "--nonsense"),
        ("sync", "resolve", "a"),
        ("sync", "resolve", "a", "--take", "both"),
        ("sync", "pull", "--password", "x"),
        ("report", "action-plan"),
        ("report", "action-plan", "Name", "--all"),
        ("report", "evaluation", "--all", "--format", "doc"),
        ("report", "evaluation", "--all", "--templates", "/nonexistent"),
        ("sandbox", "serve", "--as", "2.39"),
        ("sandbox", "serve", "--port", "many"),
        ("package", "lint", "--metadata", "/nonexistent"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(words, tmp_path):
    ran = tpi(*words, store=f"sqlite:///{tmp_path / 's.sqlite'}")
    assert ran.code == 2
    assert ran.out == ""
    assert "Usage: tpi-dhis2" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--level, --group, --unit or --units"),
        (("--user", "admin"), "--user and --to belong together"),
        (("--to", "access"), "--user and --to belong together"),
        (("--dry-run",), "--users"),
    ],
)
def test_assign_wants_to_know_what_to_whom(words, says, given):
    ran = tpi("provision", "assign", *words, "--yes", **given)
    assert ran.code == 2
    assert says in ran.err


def test_a_list_that_cannot_be_read_is_one_line(given, tmp_path):
    ran = tpi("provision", "assign", "--units", tmp_path, "--yes", **given)
    assert ran.code == 1
    assert "cannot be read" in ran.err
    assert "Unexpected" not in ran.err


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "TPI_DHIS2_URL"),
        ({"url": "http://127.0.0.1:1"}, "TPI_DHIS2_TOKEN"),
        ({"url": "http://127.0.0.1:1", "username": "admin"}, "TPI_DHIS2_PASSWORD"),
    ],
    ids=["no server", "no account", "no password"],
)
def test_what_is_not_set_is_named(settings, says, tmp_path):
    ran = tpi("sync", "pull", store=f"sqlite:///{tmp_path / 's.sqlite'}", **settings)
    assert ran.code == 1
    assert says in ran.err


PROFILES = {
    "no file": (None, "no settings file"),
    "no TOML": ("[profiles", "is not TOML"),
    "no text": (b"\xff\xfe", "config.toml"),
    "no such profile": ("[profiles.one]\nurl='https://x'", "It has: one"),
    "not a table": ("[profiles]\nmine='https://x'", "config.toml"),
    "a number": ("[profiles.mine]\nurl=5\nusername='x'", "address"),
    "profiles is a text": ("profiles='mine'", "config.toml"),
}


@pytest.mark.parametrize(("content", "says"), PROFILES.values(), ids=list(PROFILES))
def test_a_settings_file_that_cannot_be_used(content, says, tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr(common, "settings_file", lambda: path)
    ran = tpi("sync", "pull", "--profile", "mine", password="Geheim-wort", store=f"sqlite:///{tmp_path / 's'}")
    assert ran.code == 1
    assert says in ran.err
    assert "Unexpected" not in ran.err


def test_a_profile_gives_address_and_name(server, tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(f"[profiles.mine]\nurl = '{server[1]}'\nusername = 'admin'\n")
    monkeypatch.setattr(common, "settings_file", lambda: path)
    assert tpi("provision", "status", "--profile", "mine", password="district").code == 0


# Exit codes and JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("provision", "plan"),
        ("provision", "status"),
        ("provision", "apply", "--yes"),
        ("provision", "assign", "--unit", "TPI_DEMO_NDARAVI_RH", "--yes"),
        ("sync", "pull"),
        ("sync", "push"),
        ("sync", "push", str(RECORDS)),
        ("sync", "status"),
        ("sync", "conflicts"),
        ("package", "lint"),
    ],
    ids=" ".join,
)
def test_json_is_all_that_is_printed(words, given):
    ran = tpi(*words, "--json", **given)
    assert (ran.code, ran.err) == (0, "")
    assert isinstance(json.loads(ran.out), dict | list)


def test_every_command_that_shows_something_has_json():
    shows = {("provision", "plan"), ("provision", "status"), ("sync", "status"), ("sync", "conflicts")}
    assert not [words for words in shows if "--json" not in tpi(*words, "--help").out]


def test_a_plan_with_changes_is_3_only_when_asked_for():
    with serve(Sandbox()) as url:
        codes = [tpi("provision", "plan", *flag, url=url, **ACCOUNT).code for flag in ([], ["--exit-code"])]
    assert codes == [0, 3]


def test_nothing_to_do_is_0_even_when_asked_for(given):
    assert tpi("provision", "plan", "--exit-code", **given).code == 0
    assert tpi("sync", "push", str(RECORDS), "--exit-code", **given).code == 0
    assert tpi("sync", "conflicts", "--exit-code", **given).code == 0


def test_rejected_records_are_3_only_when_asked_for(given, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("partnerships:\n- {key: bad, unit: NOWHERE}\n")
    ran = [tpi("sync", "push", path, *flag, **given) for flag in ([], ["--exit-code"])]
    assert [one.code for one in ran] == [0, 3]
    assert "NOWHERE" in ran[0].out


def test_without_a_terminal_and_without_yes_nothing_is_changed(tmp_path):
    sandbox = Sandbox()
    with serve(sandbox) as url:
        ran = tpi("provision", "apply", "--backups", tmp_path / "backups", url=url, **ACCOUNT)
    assert ran.code == 1
    assert "Nothing was changed" in ran.err
    assert "--yes" in ran.err
    assert {method for method, _ in sandbox.requests} == {"GET"}
    assert not (tmp_path / "backups").exists()


def test_a_no_changes_nothing(monkeypatch):
    monkeypatch.setattr(common, "is_watched", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    sandbox = Sandbox()
    with serve(sandbox) as url:
        ran = tpi("provision", "apply", url=url, **ACCOUNT)
    assert ran.code == 1
    assert {method for method, _ in sandbox.requests} == {"GET"}


def test_a_sandbox_is_not_emptied_unasked(tmp_path):
    path = tmp_path / "sandbox.json"
    path.write_text("{}")
    assert tpi("sandbox", "reset", "--file", path).code == 1
    assert path.exists()
    assert tpi("sandbox", "reset", "--file", path, "--yes").code == 0
    assert not path.exists()


def test_a_sandbox_file_that_is_none(tmp_path):
    path = tmp_path / "sandbox.json"
    path.write_text("no JSON")
    ran = tpi("sandbox", "serve", "--port", "0", "--file", path)
    assert ran.code == 1
    assert "Unexpected" not in ran.err
    assert path.read_text() == "no JSON"


# Reports ---------------------------------------------------------------------------------------------------------


def test_an_unknown_partnership_lists_those_there_are(given, tmp_path):
    ran = tpi("report", "action-plan", "Atlantis", "--out", tmp_path, **given)
    assert ran.code == 1
    assert "no partnership of the store" in ran.err
    assert "Bouak" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_means_several_lists_them(given, tmp_path):
    ran = tpi("report", "action-plan", "e", "--out", tmp_path, **given)
    assert ran.code == 1
    assert "several partnerships" in ran.err


def test_an_empty_store_says_to_pull(tmp_path):
    ran = tpi("report", "evaluation", "x", store=f"sqlite:///{tmp_path / 's.sqlite'}")
    assert ran.code == 1
    assert "sync pull" in ran.err


def test_all_of_an_empty_store_says_to_pull(tmp_path):
    ran = tpi("report", "evaluation", "--all", store=f"sqlite:///{tmp_path / 's.sqlite'}")
    assert "sync pull" in ran.out + ran.err


def test_a_template_with_a_mistake_is_named(given, tmp_path):
    (tmp_path / "action_plan.md.j2").write_text("{{ view.nonsense }} {% if %}")
    words = ("report", "action-plan", "--all", "--format", "md", "--templates", tmp_path, "--out", tmp_path / "out")
    ran = tpi(*words, **given)
    assert ran.code == 1
    assert "Unexpected" not in ran.err
    assert "action_plan.md.j2" in ran.err


def test_a_conflict_that_is_none(given):
    ran = tpi("sync", "resolve", "a1234567890", "--take", "here", **given)
    assert ran.code == 1
    assert "sync conflicts" in ran.err


# The last net ----------------------------------------------------------------------------------------------------


def test_what_nobody_thought_of_is_one_line_and_details_on_request(monkeypatch, given):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("never thought of")

    monkeypatch.setattr("tpi_dhis2.sync.pull.pull", fails)
    short, long = (tpi("sync", "pull", *flag, **given) for flag in ([], ["--verbose"]))
    assert (short.code, long.code) == (1, 1)
    assert "never thought of" in short.err
    assert "Traceback" not in short.err
    assert "Traceback" in long.err


def test_a_reader_that_goes_away_is_no_error(given):
    # head takes one line of many and closes the pipe.
    command = f"{sys.executable} -m tpi_dhis2 provision plan --all --json | head -n 1"
    with serve(Sandbox()) as url:
        settings = environment(url=url, **ACCOUNT)
        done = subprocess.run(command, shell=True, env=settings, capture_output=True, text=True, check=True)  # noqa: S602
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_ctrl_c_is_one_line(monkeypatch, given):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tpi_dhis2.sync.pull.pull", interrupted)
    ran = tpi("sync", "pull", **given)
    assert ran.code == 1
    assert len(ran.lines) <= 2
    assert "Stopped." in ran.lines[0]


def test_no_command_takes_a_secret_as_an_argument():
    options = {
        option
        for words in commands()
        for line in tpi(*words, "--help").out.splitlines()
        for option in line.split()
        if option.startswith("--")
    }
    assert not {option for option in options if "password" in option or "token" in option}
    assert "--url" in options
