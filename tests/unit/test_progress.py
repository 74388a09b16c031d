"""What long work shows while it goes on: a spinner for a person, a line now and then for a log."""

from __future__ import annotations

import pytest

from tpi_dhis2.cli import common
from tpi_dhis2.cli.common import LINE_SECONDS, progress


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(common, "is_watched", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")


def test_a_person_sees_the_latest_word(watched, capsys):
    with progress("Importing") as told:
        told("Creating 3 objects")
        told("Creating 9 objects")
    shown = capsys.readouterr()
    assert "Importing: Creating 9 objects" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("said", ["[red]x[/red] [/]", "a" * 500, "two\nlines"])
def test_what_a_server_says_is_shown_as_it_is(watched, capsys, said):
    with progress("Importing") as told:
        told(said)
    assert said[:10].splitlines()[0] in capsys.readouterr().err


def test_the_spinner_is_gone_when_the_work_fails(watched, capsys):
    with pytest.raises(ValueError, match="no"), progress("Importing"):
        raise ValueError("no")
    assert capsys.readouterr().err.endswith(("\x1b[?25h", "\x1b[2K"))


def test_a_log_gets_a_line_now_and_then(capsys):
    moments = iter([0.0, 1.0, LINE_SECONDS, LINE_SECONDS, LINE_SECONDS + 1, 2 * LINE_SECONDS, 2 * LINE_SECONDS])
    with progress("Importing", lambda: next(moments)) as told:
        for word in ("one", "two", "three", "four"):
            told(word)
    assert capsys.readouterr() == ("", "Importing: two\nImporting: four\n")


def test_what_is_soon_done_says_nothing_in_a_log(capsys):
    with progress("Importing") as told:
        told("one")
    assert capsys.readouterr() == ("", "")
