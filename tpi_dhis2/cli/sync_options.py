"""What the commands of ``sync`` share: which partnerships, how to write, progress."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.cli.common import Command, is_watched
from tpi_dhis2.cli.common import progress as words_of_progress

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.pull import Wanted

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Chosen:
    """What a person chose: units, partnerships, a time since when, or everything again."""

    units: tuple[str, ...]
    partnerships: tuple[str, ...]
    since: str | None
    whole: bool

    def wanted(self, client: Client, store: Store) -> Wanted:
        """What to pull."""
        from tpi_dhis2.sync.choice import partnerships_named
        from tpi_dhis2.sync.pull import Wanted, units_named

        named = partnerships_named(store, self.partnerships, known=False)
        units = units_named(client, self.units) if self.units else ()
        return Wanted(units, tuple(sorted(named)), self.since, self.whole)

    def within(self, client: Client, store: Store) -> frozenset[str] | None:
        """The partnerships of the store that are chosen; None for all."""
        from tpi_dhis2.sync.choice import partnerships_named
        from tpi_dhis2.sync.pull import units_named

        if self.partnerships:
            return partnerships_named(store, self.partnerships)
        return store.in_units(units_named(client, self.units)) if self.units else None


def choice_options(command: Command) -> Command:
    """Add the options that choose partnerships; the command gets ``chosen``."""

    @functools.wraps(command)
    def choosing(
        units: tuple[str, ...],
        partnerships: tuple[str, ...],
        since: str | None = None,
        whole: bool = False,
        **rest: Any,
    ) -> Any:
        return command(chosen=Chosen(units, partnerships, since, whole), **rest)

    options = [
        click.option(
            "--org-unit", "units", multiple=True, metavar="UNIT",
            help="Only this unit (code or UID) and those below it; may be given several times.",
        ),
        click.option(
            "--partnership", "partnerships", multiple=True, metavar="NAME",
            help="Only this partnership (name, code or UID); may be given several times.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        choosing = option(choosing)
    return choosing


def since_options(command: Command) -> Command:
    """Add the options that say from when on to fetch; they stand above those of ``choice_options``."""
    options = [
        click.option(
            "--since", callback=_moment, metavar="DATE",
            help="Fetch what changed on the server since this day (2026-11-01) or time of the server.",
        ),
        click.option("--whole", is_flag=True, help="Fetch everything again, not only what changed."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _moment(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None).isoformat(timespec="milliseconds")
    except ValueError:
        raise click.BadParameter(f"'{text}' is no date; write it as 2026-11-01 or 2026-11-01T13:30.") from None


def writer_options(command: Command) -> Command:
    """Add the options that say how to write."""
    command = click.option(
        "--async", "as_jobs", is_flag=True, help="Let the server import in jobs, where a proxy ends long requests."
    )(command)
    return click.option(
        "--writers", type=click.IntRange(1, 8), default=4, show_default=True,
        help="Requests at once; a DHIS2 2.43 takes up to 7 well.",
    )(command)  # fmt: skip


def dry_run_option(command: Command) -> Command:
    """Add ``--dry-run``."""
    return click.option("--dry-run", is_flag=True, help="Show what would be done; nothing is kept.")(command)


def see_to_tables(store: Store) -> None:
    """Keep the tables for analysts as the package describes them; why they are not is said, and stops nothing."""
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.sync.columns import refresh

    said = refresh(store, package_fields())
    if said:
        click.echo(f"Warning: {said}", err=True)


@contextmanager
def progress(doing: str, *, quiet: bool) -> Iterator[Told]:
    """Show how far long work is: a bar for a person, a line now and then in a log."""
    if quiet or not is_watched():
        with words_of_progress(doing) as tell:
            yield (lambda _done, _total: None) if quiet else (lambda done, total: tell(f"{done} of {total}"))
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
