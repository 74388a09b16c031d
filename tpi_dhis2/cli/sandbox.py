"""tpi-dhis2 sandbox: serve | reset."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import click

from tpi_dhis2.cli.common import agree, verbose_option, yes_option
from tpi_dhis2.errors import UsageError

_VERSIONS = ("2.40", "2.41", "2.42", "2.43")


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
    default="2.42",
    help="DHIS2 version to speak as.",
    show_default=True,
)
@_file_option
@verbose_option
def serve(port: int, version: str, file: Path | None) -> None:
    """Serve the sandbox on this machine until Ctrl-C."""
    from tpi_dhis2.sandbox.server import Sandbox
    from tpi_dhis2.sandbox.server import serve as serve_sandbox

    path = _data_file(file)
    with contextlib.ExitStack() as opened:
        opened.enter_context(_alone(path))
        try:
            sandbox = Sandbox(version=version, file=path)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} cannot be used: {error}.", "Name another file with --file, or empty it with 'sandbox reset'."
            ) from error
        try:
            url = opened.enter_context(serve_sandbox(sandbox, port=port))
        except OSError as error:
            raise UsageError(f"Port {port} cannot be used.", "Name another with --port; 0 takes a free one.") from error
        click.echo(f"The sandbox speaks as DHIS2 {version} at {url} (user admin, password district). Ctrl-C stops it.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo("Stopped; its data are kept.")


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
