"""Environment files: every value as it stands, nothing run, nothing unknown, no secret in a message."""

from __future__ import annotations

import os

import pytest

from tests.fault.servers import PASSWORD, ROOT, provisioned, tpi
from tpi_dhis2.cli.envfile import _NAMES, environment, read_settings, secrets, warning
from tpi_dhis2.cli.journal import Journal
from tpi_dhis2.errors import UsageError
from tpi_dhis2.sandbox.server import serve

URL = "TPI_DHIS2_URL=https://dhis2.example.org"


def write(tmp_path, content):
    path = tmp_path / "site.env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


VALUES = {
    "plain": "secret",
    "spaces": "two words",
    "a hash": "a#b # c",
    "dollars": "$HOME ${HOME} $(id) `id`",
    "quotes inside": 'it\'s "so"',
    "an equals sign": "d2p==",
    "a backslash": "a\\nb\\",
    "one quote before": '"abc',
    "letters of others": "é漢",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=list(VALUES))
@pytest.mark.parametrize("form", ["{}", "  {}  ", '"{}"', "'{}'"], ids=["bare", "spaced", "double", "single"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_value_is_taken_as_it_stands(value, form, end, tmp_path):
    lines = ["# a remark", "", URL, f"TPI_DHIS2_PASSWORD={form.format(value)}", "   # TPI_DHIS2_TOKEN=x", ""]
    found = read_settings(write(tmp_path, end.join(lines)))
    assert found == {"TPI_DHIS2_URL": "https://dhis2.example.org", "TPI_DHIS2_PASSWORD": value}


def test_forms_that_other_tools_write(tmp_path):
    found = read_settings(
        write(tmp_path, f"\ufeffexport {URL}\nexport\tTPI_DHIS2_USERNAME = sync \nTPI_DHIS2_TOKEN=\n")
    )
    assert found == {"TPI_DHIS2_URL": "https://dhis2.example.org", "TPI_DHIS2_USERNAME": "sync"}


BAD = {
    "no equals sign": (f"{URL}\n{PASSWORD}\n", "line 2: this is no setting"),
    "an unknown name": (f"{URL}\n\nTPI_DHIS2_PASWORD={PASSWORD}\n", "line 3: TPI_DHIS2_PASWORD is no setting"),
    "a name of others": (f"LD_PRELOAD={PASSWORD}\n", "line 1: this is no setting of tpi-dhis2"),
    "a token alone": (f"{PASSWORD.replace('-', '')}==\n", "line 1: this is no setting of tpi-dhis2"),
    "small letters": (f"tpi_dhis2_password={PASSWORD}\n", "line 1: this is no setting of tpi-dhis2"),
    "twice": (f"TPI_DHIS2_TOKEN=a\nTPI_DHIS2_TOKEN={PASSWORD}\n", "line 2: TPI_DHIS2_TOKEN is set a second time"),
    "a control character": (f"TPI_DHIS2_PASSWORD={PASSWORD}\0\n", "line 1: this is no setting"),
    "not UTF-8": (b"TPI_DHIS2_PASSWORD=" + PASSWORD.encode() + b"\xff\n", "is not UTF-8"),
}


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=list(BAD))
def test_a_bad_line_is_named_without_its_value(content, says, tmp_path):
    with pytest.raises(UsageError) as caught:
        read_settings(write(tmp_path, content))
    error = caught.value
    assert says in str(error)
    assert PASSWORD.replace("-", "") not in f"{error} {error.advice} {error.detail}".replace("-", "")
    assert error.__suppress_context__ or not isinstance(error.__context__, UnicodeDecodeError)


@pytest.mark.parametrize("name", ["", "nowhere.env"], ids=["a folder", "no file"])
def test_a_file_that_cannot_be_read(name, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(tmp_path / name)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are a thing of POSIX")
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
def test_a_file_that_everybody_can_open_is_warned_of(mode, warned, tmp_path):
    path = write(tmp_path, URL)
    path.chmod(mode)
    assert ("chmod 600" in warning(path)) is warned


def test_only_the_file_says_who_connects(monkeypatch):
    monkeypatch.setenv("TPI_DHIS2_TOKEN", "stray")
    monkeypatch.setenv("LANG", "C.UTF-8")
    found = environment({"TPI_DHIS2_USERNAME": "sync"})
    assert "TPI_DHIS2_TOKEN" not in found
    assert (found["TPI_DHIS2_USERNAME"], found["LANG"]) == ("sync", "C.UTF-8")


def test_passwords_inside_of_addresses_are_secrets_too():
    settings = {
        "TPI_DHIS2_STORE": "postgresql+psycopg://tpi:s%40re@db/tpi",
        "HTTPS_PROXY": "http://me:other@proxy:3128",
        "TPI_DHIS2_TOKEN": "d2p_long",
        "TPI_DHIS2_USERNAME": "sync",
    }
    assert set(secrets(settings, ["--url=https://u:word@x"])) == {"d2p_long", "s%40re", "other", "word"}


def test_the_command_line_takes_the_file_and_nothing_of_the_environment(tmp_path):
    with serve(provisioned()) as url:
        path = write(tmp_path, f"TPI_DHIS2_URL={url}\nTPI_DHIS2_USERNAME=admin\nTPI_DHIS2_PASSWORD='district'\n")
        ran = tpi("--env-file", path, "provision", "status", token="d2p_stray", url="http://127.0.0.1:1")
    assert (ran.code, ran.err) == (0, "")
    bad = tpi("--env-file", tmp_path / "nowhere", "provision", "status")
    assert bad.code == 1
    assert "cannot be read" in bad.err


def test_administrators_read_which_settings_there_are():
    text = (ROOT / "docs" / "administrators.md").read_text(encoding="utf-8")
    assert not [
        name for name in _NAMES if f"`{name.removeprefix('TPI_DHIS2')}`" not in text and f"`{name}`" not in text
    ]


# The log ---------------------------------------------------------------------------------------------------------


def test_a_line_that_was_cut_off_stays_apart(tmp_path):
    path = tmp_path / "run.log"
    path.write_text("half a li")
    with Journal(path) as journal:
        journal.secrets = [PASSWORD]
        journal.write(f"it is {PASSWORD}")
    first, second = path.read_text().splitlines()
    assert first == "half a li"
    assert second.endswith(f"[{os.getpid()}] it is ***")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")  # noqa: PTH110
def test_a_disk_that_fills_up_stops_the_log_and_not_the_work(capsys):
    with Journal(None) as journal:
        journal.write("no log, no harm")
        journal._file = os.open("/dev/full", os.O_WRONLY)
        journal.write("one")
        journal.write("two")
    assert capsys.readouterr().err.count("the work goes on") == 1
