"""The command line: nouns, then verbs. The only place that prints or asks."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import click

from tpi_dhis2.cli.common import fail
from tpi_dhis2.errors import TpiError

#: Noun: module and what it is for. Modules are imported when their noun is used, so that help is quick.
_NOUNS = {
    "package": "Build and check the metadata package.",
    "provision": "Install the package on a DHIS2 and assign units.",
    "sync": "Bring partnership records to the server and back.",
    "report": "Write action plans and evaluation summaries.",
    "doctor": "Examine server, account, package, store and this machine.",
    "sandbox": "Run the training stand-in for a DHIS2.",
    "demo": "Run the whole chain on demo partnerships.",
}

#: So many new objects before Python looks for garbage among them.
_GARBAGE = 50_000


class Nouns(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The nouns, in the order of the work."""
        return list(_NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a noun."""
        if cmd_name not in _NOUNS:
            return None
        module = importlib.import_module(f"tpi_dhis2.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the nouns without importing their modules."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_NOUNS.items()))


@click.command(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, callback=lambda *args: _version(*args), expose_value=False, is_eager=True)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    callback=lambda *args: _use(*args),
    expose_value=False,
    metavar="FILE",
    help="Take TPI_DHIS2_URL and the like from this file, and none from the environment.",
)
def cli() -> None:
    """Twinning Partnerships for Improvement in an existing DHIS2: provision, sync, report.

    \b
    Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage,
    3 (with --exit-code) there are changes, conflicts, refused records or troubles.
    """  # noqa: D301 - the mark is click's: do not wrap this paragraph


def _use(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> None:
    if path:
        from tpi_dhis2.cli.envfile import environment, read_settings, warning

        settings = environment(read_settings(path))
        os.environ.clear()
        os.environ.update(settings)
        if said := warning(path):
            click.echo(said, err=True)


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("tpi-dhis2")
        except PackageNotFoundError:
            number = "(not installed: run from a checkout)"
        click.echo(f"tpi-dhis2 {number}")
        ctx.exit()


def main(args: list[str] | None = None) -> Any:
    """Run the command line.

    What is imported stays until the end, and records come and go by reference: looking for garbage as often as Python
    does by itself took a tenth of a start and a fifth of a push, and once more at the end the time of a short command.
    """
    gc.set_threshold(_GARBAGE)
    atexit.register(gc.freeze)
    guarded(cli, args, "tpi-dhis2")


def guarded(command: click.Command, args: list[str] | None, name: str, subject: str = "") -> NoReturn:
    """Run a command; every error becomes one plain line and an exit code."""
    try:
        sys.exit(command.main(args=args, prog_name=name, standalone_mode=False, obj=subject) or 0)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Run the same command again to go on; nothing is doubled.", err=True)
        sys.exit(1)
    except TpiError as error:
        fail(str(error), error.advice, error.detail)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last net: a person gets a line, not a traceback
        fail(f"Unexpected: {type(error).__name__}: {error}", "Please report it.", traceback.format_exc())
