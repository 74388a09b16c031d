"""What commands share: connection options, the store, output for people and for scripts, questions, errors."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tpi_dhis2.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from tpi_dhis2.dhis2.client import Account, Client

Command = Callable[..., Any]

#: Seconds between two lines of progress where nobody watches.
LINE_SECONDS = 15.0


@dataclass
class Settings:
    """How loud to be; set by each command's options and read by ``fail``."""

    verbose: bool = False


SETTINGS = Settings()


def fail(message: str, advice: str = "", detail: str = "") -> NoReturn:
    """Say in one line what is wrong and what to do, with details when asked for, and leave with code 1."""
    click.secho(f"Error: {message}", err=True, fg="red")
    if advice:
        click.echo(advice, err=True)
    if detail and SETTINGS.verbose:
        click.echo(f"\n{detail}", err=True)
    elif detail:
        click.echo("(--verbose shows more.)", err=True)
    sys.exit(1)


def verbose_option(command: Command) -> Command:
    """Add ``--verbose``."""

    def keep(_ctx: click.Context, _param: click.Parameter, value: bool) -> bool:
        SETTINGS.verbose = SETTINGS.verbose or value
        return value

    return click.option(
        "--verbose", is_flag=True, expose_value=False, callback=keep, help="Show the details of an error."
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def yes_option(command: Command) -> Command:
    """Add ``--yes``."""
    return click.option("--yes", is_flag=True, help="Do it without asking (for scripts).")(command)


def exit_code_option(command: Command) -> Command:
    """Add ``--exit-code``."""
    return click.option(
        "--exit-code", "exit_code", is_flag=True, help="Leave with code 3 when there is something to see to."
    )(command)


def store_option(command: Command) -> Command:
    """Add ``--store``."""
    return click.option(
        "--store",
        "store_url",
        envvar="TPI_DHIS2_STORE",
        help="Address of the local store; default an SQLite file in your data folder.",
        metavar="URL",
    )(command)


def connection_options(command: Command) -> Command:
    """Add the options of the connection; the command gets a ``client``."""

    @functools.wraps(command)
    def connected(url: str | None, username: str | None, profile: str | None, **rest: Any) -> Any:
        return command(client=connect(url, username, profile), **rest)

    return verbose_option(account_options(connected))


def account_options(command: Command) -> Command:
    """Add the options that name a server and an account."""
    options = [
        click.option("--url", envvar="TPI_DHIS2_URL", help="Address of the DHIS2, without /api.", metavar="URL"),
        click.option("--username", envvar="TPI_DHIS2_USERNAME", help="User name.", metavar="NAME"),
        click.option("--profile", help="Take address and name from this profile of the settings file.", metavar="NAME"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def connect(url: str | None, username: str | None, profile: str | None = None) -> Client:
    """A client for the account that options, profile and environment name, which a DHIS2 that we know lets in."""
    from tpi_dhis2.dhis2.client import Client

    account = named_account(url, username, profile)
    if account.is_bare:
        click.secho(
            "Warning: the address begins with http://, so the password travels unprotected.", err=True, fg="yellow"
        )
    client = Client(account)
    # Before anything else is done: is this a DHIS2 that we know, and does it let this account in?
    client.identify()
    return client


def named_account(url: str | None, username: str | None, profile: str | None = None) -> Account:
    """The account that options, profile and environment name; secrets never come from arguments."""
    from tpi_dhis2.dhis2.client import Account

    known = _profile(profile) if profile else {}
    # What is named on the command line or in the environment comes before the profile.
    address = url or known.get("url")
    if not address:
        raise UsageError("No server is named.", "Set TPI_DHIS2_URL, or give --url or --profile.")
    token = os.environ.get("TPI_DHIS2_TOKEN", "")
    name = username or known.get("username") or ""
    password = os.environ.get("TPI_DHIS2_PASSWORD", "")
    if not token and not name:
        raise UsageError("No account is named.", "Set TPI_DHIS2_TOKEN, or TPI_DHIS2_USERNAME and TPI_DHIS2_PASSWORD.")
    if not token and not password:
        if not is_watched():
            raise UsageError("No password or token is set.", "Set TPI_DHIS2_PASSWORD or TPI_DHIS2_TOKEN.")
        password = click.prompt(f"Password of {name}", hide_input=True, err=True)
    return Account(address, name, password, token)


def settings_file() -> Path:
    """The file with profiles."""
    from platformdirs import user_config_path

    return user_config_path("tpi-dhis2") / "config.toml"


def _profile(name: str) -> dict[str, str]:
    path = settings_file()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8")).get("profiles", {})
    except FileNotFoundError as error:
        raise UsageError(f"There is no settings file {path}.", "Write it, or use the environment.") from error
    except OSError as error:
        raise UsageError(f"The settings file {path} cannot be read.", "Check who may read it.", str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", "Mend the file.") from error
    if not isinstance(profiles, dict) or name not in profiles:
        known = ", ".join(profiles) if isinstance(profiles, dict) else ""
        raise UsageError(f"{path} has no profile '{name}'.", f"It has: {known or 'none'}.")
    profile = profiles[name]
    if not isinstance(profile, dict) or not all(isinstance(value, str) for value in profile.values()):
        raise UsageError(
            f"Profile '{name}' in {path} is no list of texts: an address is one.", 'Write it as: url = "https://..."'
        )
    return profile


def is_watched() -> bool:
    """Whether a person is at the keyboard."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agree(question: str, yes: bool) -> None:
    """Ask before something is changed; without a person ``--yes`` must have answered."""
    if yes:
        return
    if not is_watched():
        raise UsageError("Nothing was changed: nobody is here to agree.", "Add --yes to go ahead in a script.")
    if not click.confirm(question, err=True):
        raise click.Abort


@contextmanager
def progress(doing: str, now: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str], None]]:
    """Show that long work goes on: a person sees the latest word beside a spinner, a log gets a line now and then.

    Gives what to call with each word; all of it goes to standard error.
    """
    if not is_watched():
        yield _lines(doing, now)
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(doing)) as status:
        yield lambda said: status.update(Text(f"{doing}: {said}", no_wrap=True, overflow="ellipsis"))


def _lines(doing: str, now: Callable[[], float]) -> Callable[[str], None]:
    """Print the latest word when the last line is some time ago; what is soon done says nothing."""
    last = now()

    def told(said: str) -> None:
        nonlocal last
        if now() - last >= LINE_SECONDS:
            click.echo(f"{doing}: {said}", err=True)
            last = now()

    return told


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def console() -> Console:
    """Where tables and progress are drawn."""
    from rich.console import Console

    return Console()


def columns(rows: Sequence[tuple[str, ...]], *heads: str, title: str = "") -> None:
    """Print rows as a table that wraps in a narrow window; the text is shown as it is, never as markup."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=SIMPLE, title_justify="left", pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
