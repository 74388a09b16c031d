"""``scripts/live``: the live suite on one server, from the question whether to begin to the report.

pytest runs in this process, so that Ctrl-C ends the story under way, lets it clean up, and still leaves a report.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pytest

from tests.live.exchanges import masked
from tests.live.facilities import facilities, leave, refuse_unseen
from tests.live.look import Server
from tests.live.report import Run, verdict, write
from tests.live.story import STORIES, Story, story_of
from tpi_dhis2.cli.common import SETTINGS, agree, connect
from tpi_dhis2.cli.main import guarded
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import TpiError, UsageError
from tpi_dhis2.sandbox.server import Sandbox, serve

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSIONS = ("2.40", "2.41", "2.42", "2.43")
PARTS = sorted(path.stem.removeprefix("test_") for path in HERE.glob("test_*.py"))


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("url")
@click.option("--as", "version", type=click.Choice(VERSIONS), help="With 'sandbox' for URL: the version it speaks as.")
@click.option(
    "--units", envvar="TPI_LIVE_UNITS", metavar="A,B", help="Two facilities, by code or UID; else it makes some."
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Tell these stories only.")
@click.option("--events", type=click.IntRange(50), default=5000, show_default=True, help="Events in the large push.")
@click.option(
    "--set-periods", is_flag=True, help="Let it choose the period types of tables where none are chosen (2.43)."
)
@click.option("--clear", is_flag=True, help="First take off all that is there of the package, records included.")
@click.option("--keep", is_flag=True, help="Leave the package installed at the end, without records.")
@click.option("--yes", is_flag=True, help="Do not ask before it begins on a server that has data.")
@click.option(
    "--out", type=click.Path(path_type=Path), default="live-report", show_default=True, help="Folder of the report."
)
@click.option("--verbose", is_flag=True, help="Show the details of an error.")
@click.argument("rest", metavar="[PYTEST ARGUMENTS]", nargs=-1, type=click.UNPROCESSED)
def live(
    url: str, version: str | None, units: str | None, only: tuple[str, ...], events: int, set_periods: bool,
    clear: bool, keep: bool, yes: bool, out: Path, verbose: bool, rest: tuple[str, ...],
) -> int:  # fmt: skip
    """Tell the live suite on the DHIS2 at URL, or on 'sandbox', and write a report of it.

    The account comes from the environment: TPI_DHIS2_USERNAME and TPI_DHIS2_PASSWORD, or TPI_DHIS2_TOKEN; a password
    that is not set is asked for. It installs, changes and removes the package, and creates nothing else but what is
    named 'ZZ live ...'. Use a test server or a staging copy.
    """
    SETTINGS.verbose = verbose
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT, too: what a script begins in the background ignores it
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as opened:
        address = opened.enter_context(_address(url, version))
        client = connect(address, os.environ.get("TPI_DHIS2_USERNAME"))
        os.environ.update(_environment(client, events, set_periods=set_periods, clear=clear))
        server = Server(client)
        click.echo("\n".join(server.lines()))
        _agree(server, client, clear=clear, yes=yes)
        run = Run({}, client.version.short, STORIES)
        began = time.monotonic()
        try:
            with _places(client, units, keep=keep) as places:
                os.environ["TPI_LIVE_UNITS"] = ",".join(places)
                stopped = _tell(only, rest)
                if stopped:
                    run.troubles.append("**Stopped** by Ctrl-C: what was not reached was not tried.")
                elif keep:
                    run.left = _leave_installed(client, places, out / "backups")
        except UsageError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever happened, there is a report
            run.troubles.append(_trouble(error))
        made = "made, and left there" if keep else "made, and removed"
        run.facts = server.facts(units or made, time.monotonic() - began)
        write(run, out)
    click.echo(f"{verdict(run)}. The report is in {out}/report.md")
    for trouble in run.troubles:
        click.echo(trouble, err=True)
    return 0 if run.is_good else 1


@contextmanager
def _address(url: str, version: str | None) -> Iterator[str]:
    """The address to ask: as it was named, or of a sandbox of our own."""
    if url != "sandbox":
        if version:
            raise UsageError("--as goes with a sandbox.", "Write: scripts/live sandbox --as 2.42")
        yield url
        return
    os.environ.pop("TPI_DHIS2_TOKEN", None)
    os.environ.update(TPI_DHIS2_USERNAME="admin", TPI_DHIS2_PASSWORD="district")
    with serve(Sandbox(version or "2.42")) as address:
        yield address


def _environment(client: Client, events: int, *, set_periods: bool, clear: bool) -> dict[str, str]:
    """What the tests read; secrets that were asked for, too."""
    account = client.account
    named = {"URL": client.base, "USERNAME": account.username, "PASSWORD": account.password, "TOKEN": account.token}
    return {
        **{f"TPI_DHIS2_{name}": value for name, value in named.items()},
        "TPI_LIVE": "1",
        "TPI_LIVE_EVENTS": str(events),
        "TPI_LIVE_PERIODS": "1" if set_periods else "",
        "TPI_LIVE_CLEAR": "1" if clear else "",
    }


def _agree(server: Server, client: Client, *, clear: bool, yes: bool) -> None:
    """Begin on a server that has data only when somebody agrees, and on one that has the package not at all."""
    if server.has_data:
        agree(
            "This server has data. Install, change and remove the package there, and let the server remove for good"
            " all records that are deleted on it, of whatever program?",
            yes,
        )
    from tests.live.life import Life, refuse_occupied  # late: the tests' own modules read the environment

    with TemporaryDirectory() as folder:
        refuse_occupied(Life(client, [], Path(folder), Story("")))


@contextmanager
def _places(client: Client, units: str | None, *, keep: bool) -> Iterator[list[str]]:
    """The two facilities that were named, or some that are there until the end."""
    if not units:
        with facilities(client, keep=keep) as made:
            yield made
        return
    leave(client)
    names = [name.strip() for name in units.split(",") if name.strip()]
    found = {name: unit["id"] for unit in Metadata(client).units(names) for name in (unit["id"], unit.get("code"))}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise UsageError(f"The server has no unit {', '.join(unknown)} for this account.", "Name them by code or UID.")
    if len(names) != 2:
        raise UsageError("Two facilities are needed.", "Write: --units MFL_0042,MFL_0107")
    places = [found[name] for name in names]
    refuse_unseen(client, places)
    yield places


class _Known:
    """Knows all stories from the beginning, so that those that were never begun are in the report, too.

    The stories tell their steps themselves, so pytest says nothing of tests that end.
    """

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin a story for each test."""
        for item in session.items:
            story_of(item)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        """No letter for a test."""
        is_test = report.when == "call" or report.skipped
        return report.outcome if is_test else "error" if report.failed else "", "", ""


#: Steps are shown by themselves. A warning, such as of a connection that Ctrl-C broke off, ends no run.
_OPTIONS = (
    "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "-p", "no:cacheprovider", "-W", "default",
    "-s", "-q", "-rN", "--no-header", "--tb=no",
)  # fmt: skip


def _tell(only: tuple[str, ...], rest: tuple[str, ...]) -> bool:
    """Run the tests; whether somebody stopped them."""
    # In one order, whatever was named first: on a 2.40 the jobs of a story wait behind the messages of those before.
    paths = [str(HERE / f"test_{part}.py") for part in PARTS if part in only or not only]
    code = pytest.main([*_OPTIONS, *paths, *rest], plugins=[_Known()])
    if code == pytest.ExitCode.USAGE_ERROR:
        raise UsageError("pytest does not take these arguments.", f"It was given: {' '.join(rest)}")
    return code == pytest.ExitCode.INTERRUPTED


def _trouble(error: BaseException) -> str:
    """What kept the run from its end, for the page."""
    if isinstance(error, KeyboardInterrupt):
        said = "it was stopped while it cleaned up."
    else:
        said = f"{error} {error.advice}" if isinstance(error, TpiError) else f"{type(error).__name__}: {error}"
    return f"**Not brought to its end:** {masked(said)} What may be left there goes with --clear."


def _leave_installed(client: Client, places: list[str], backups: Path) -> str:
    """Install the package to stay."""
    from tests.live.life import Life

    with TemporaryDirectory() as folder:
        life = Life(client, places, Path(folder), Story(""))
        told = life.apply("--backups", backups)
        for place in places:
            life.run("provision", "assign", "--unit", place, "--yes")
    return f"package {told['installed']['version']}, assigned to {', '.join(places)}; no records"


if __name__ == "__main__":
    guarded(live, sys.argv[1:], "scripts/live")
