"""tpi-dhis2 sandbox: serve | reset."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tpi_dhis2.cli.common import agree, verbose_option, yes_option
from tpi_dhis2.errors import UsageError

if TYPE_CHECKING:
    from tpi_dhis2.sandbox.server import Sandbox

_VERSIONS = ("2.40", "2.41", "2.42", "2.43")
_LOOPBACK = "127.0.0.1"
#: The words that open it to others; they say what is at stake.
_RISK = "--anyone-on-this-network-may-read-and-change-it"


def _file_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--file", type=click.Path(path_type=Path, dir_okay=False), help="File that keeps the sandbox's data."
    )(function)


@click.group()
def command() -> None:
    """Run the training stand-in for a DHIS2. It is not a DHIS2 and must not hold real data."""


def _data_file(file: Path | None) -> Path:
    from platformdirs import user_data_path

    return file or user_data_path("tpi-dhis2") / "sandbox.json"


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Have the data file to oneself: a sandbox that is served keeps its data in memory."""
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock"), timeout=0):
            yield
    except Timeout as error:
        raise UsageError(f"A sandbox is being served from {path}.", "Stop it first (Ctrl-C where it runs).") from error


@command.command()
@click.option("--port", default=8085, help="Port to listen on; 0 takes a free one.", show_default=True)
@click.option(
    "--as",
    "version",
    type=click.Choice(_VERSIONS),
    help="DHIS2 version to speak as.",
    show_default="2.42, or that of the data that are there",
)
@click.option("--with-demo", is_flag=True, help="Fill an empty sandbox: package, units, partnerships, three accounts.")
@click.option("--host", default=_LOOPBACK, help="Address to listen on.", metavar="ADDRESS", show_default=True)
@click.option(_RISK, "agreed", is_flag=True, help="Needed for an address that others can reach: they all get in.")
@_file_option
@verbose_option
def serve(port: int, version: str | None, with_demo: bool, host: str, agreed: bool, file: Path | None) -> None:
    """Serve the sandbox on this machine until Ctrl-C."""
    from tpi_dhis2.sandbox.server import serve as serve_sandbox

    path, is_open = _data_file(file), _reaches_others(host)
    if is_open and not agreed:
        raise UsageError(
            f"At {host} others could reach the sandbox, and its passwords are known to everybody.",
            f"Leave out --host, or add {_RISK} if that is what you want.",
        )
    with contextlib.ExitStack() as opened:
        opened.enter_context(_alone(path))
        sandbox = _sandbox(path, version, with_demo)
        try:
            url = opened.enter_context(serve_sandbox(sandbox, host=host, port=port))
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"Port {port} of {host} cannot be used.", "Name another with --port; 0 takes a free one.", str(error)
            ) from error
        try:
            _stop_when_told()
            _tell(sandbox, url, path, is_open)
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo("Stopped; its data are kept.")


def _stop_when_told() -> None:
    """End as on Ctrl-C also when a service manager says so, and where a script has begun it in the background."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _reaches_others(host: str) -> bool:
    from tpi_dhis2.sandbox.guard import is_loopback

    try:
        return not is_loopback(host)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"'{host}' is no address of this machine.", f"The usual one is {_LOOPBACK}.") from error


def _sandbox(path: Path, version: str | None, with_demo: bool) -> Sandbox:
    """The sandbox of a file, with the demo in it if that is asked for and nothing else is."""
    sandbox = _opened(path, version)
    if not with_demo:
        return sandbox
    if not sandbox.is_fresh:
        click.echo("It holds something already, so the demo was not put in ('sandbox reset' empties it).")
        return sandbox
    _fill(path, sandbox.version)
    return _opened(path, sandbox.version)


def _opened(path: Path, version: str | None) -> Sandbox:
    """The sandbox of a file, which speaks as the version asked for, or as that of its data."""
    from tpi_dhis2.sandbox.kept import version_of
    from tpi_dhis2.sandbox.server import Sandbox

    try:
        return Sandbox(version=version or version_of(path) or "2.42", file=path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be used: {error}.",
            "Name another file with --file, serve it --as its own version, or empty it with 'sandbox reset'.",
        ) from error


def _fill(path: Path, version: str) -> None:
    """Put the demo into a file: all of it or, when this is stopped, nothing."""
    from tempfile import TemporaryDirectory

    from tpi_dhis2.demo.people import ensure_people
    from tpi_dhis2.demo.run import Demo, run
    from tpi_dhis2.dhis2.client import Account, Client
    from tpi_dhis2.sandbox.server import Sandbox
    from tpi_dhis2.sandbox.server import serve as serve_sandbox
    from tpi_dhis2.sandbox.training import PASSWORDS

    click.echo("Putting in the package, demo units, demo partnerships and accounts; this takes some seconds ...")
    sandbox = Sandbox(version=version)
    with serve_sandbox(sandbox) as url, TemporaryDirectory() as folder:
        client = Client(Account(url, "admin", PASSWORDS[0]))
        for _ in run(client, Path(folder), Demo()):
            pass
        ensure_people(client, PASSWORDS[1])
    sandbox.state.save(path)


def _tell(sandbox: Sandbox, url: str, path: Path, is_open: bool) -> None:
    """Say what it is, where, who may enter, and what is at stake."""
    from tpi_dhis2.sandbox.training import known_accounts

    click.echo(f"The sandbox speaks as DHIS2 {sandbox.version} at {url} (it is no DHIS2: put no real records into it).")
    for each in known_accounts(sandbox.state):
        click.echo(f"  user {each.username}, password {each.password}: {each.purpose}")
    click.echo(f"Its data are kept in {path}.")
    click.echo("Open that address in a browser for what to do first. Ctrl-C stops it.")
    if is_open:
        click.secho(
            "WARNING: everybody who reaches this machine can read and change all of it; nothing is encrypted.",
            err=True, fg="red",
        )  # fmt: skip


@command.command()
@_file_option
@yes_option
@verbose_option
def reset(file: Path | None, yes: bool) -> None:
    """Empty the sandbox. Stop 'serve' first."""
    path = _data_file(file)
    agree(f"Delete all that the sandbox keeps in {path}?", yes)
    with _alone(path):
        path.unlink(missing_ok=True)
    click.echo("The sandbox is empty.")
