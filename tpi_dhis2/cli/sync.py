"""tpi-dhis2 sync: pull | push | run | status | conflicts | resolve | export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tpi_dhis2.cli.common import (
    SETTINGS,
    connection_options,
    exit_code_option,
    json_option,
    print_json,
    store_option,
    verbose_option,
)
from tpi_dhis2.cli.export import export
from tpi_dhis2.cli.sync_options import (
    Chosen,
    choice_options,
    dry_run_option,
    progress,
    see_to_tables,
    since_options,
    writer_options,
)

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client


@click.group()
def command() -> None:
    """Bring partnership records to the server and back."""


command.add_command(export)


@command.command()
@connection_options
@store_option
@click.option("--to", "to_url", metavar="URL", help="Another database to pull into, such as a warehouse; as --store.")
@since_options
@choice_options
@dry_run_option
@json_option
@exit_code_option
def pull(
    client: Client,
    store_url: str | None,
    to_url: str | None,
    chosen: Chosen,
    dry_run: bool,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Take what changed on the server into the local store."""
    from contextlib import nullcontext

    from tpi_dhis2.cli.sync_text import pulled_json, pulled_lines
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.items import CONFLICT
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.pull import pull as pull_all

    with (
        progress("Fetching", quiet=as_json) as told,
        Store.open(to_url or store_url) as store,
        store.rehearsal() if dry_run else nullcontext(),
    ):
        done = pull_all(client, store, package_fields(), chosen.wanted(client, store), told)
        conflicts = store.states().get(CONFLICT)
        if not dry_run:
            see_to_tables(store)
    if as_json:
        print_json(pulled_json(done))
    else:
        click.echo("\n".join(pulled_lines(done, dry_run=dry_run)))
    if exit_code and conflicts:
        raise click.exceptions.Exit(3)


@command.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@connection_options
@store_option
@choice_options
@writer_options
@dry_run_option
@json_option
@exit_code_option
def push(
    files: tuple[Path, ...],
    client: Client,
    store_url: str | None,
    chosen: Chosen,
    writers: int,
    as_jobs: bool,
    dry_run: bool,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Take record FILES into the local store, then send what the server lacks.

    Without FILES only what is waiting in the store is sent. A bad record never stops the others: it is set aside and
    named with its reason. With --dry-run the server only checks what would be sent.
    """
    from tpi_dhis2.cli.sync_names import Names
    from tpi_dhis2.cli.sync_text import pushed_json, show_pushed
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.push import How, rehearse
    from tpi_dhis2.sync.push import push as push_all

    work = rehearse if dry_run else push_all
    with progress("Sending", quiet=as_json) as told, Store.open(store_url) as store:
        how = How(chosen.within(client, store), writers=writers, as_jobs=as_jobs, told=told)
        done = work(client, store, package_fields(), files, how)
        names = Names(store)
        shown = pushed_json(done, names) if as_json else show_pushed(done, names, dry_run=dry_run)
    print_json(shown) if as_json else click.echo(shown)
    if exit_code and not done.is_clean:
        raise click.exceptions.Exit(3)


@command.command()
@connection_options
@store_option
@since_options
@choice_options
@writer_options
@click.option(
    "--hmis", type=click.Path(path_type=Path), metavar="FILE", help="Also take values of data sets, as mapped in FILE."
)
@dry_run_option
@json_option
@exit_code_option
def run(
    client: Client,
    store_url: str | None,
    chosen: Chosen,
    writers: int,
    as_jobs: bool,
    hmis: Path | None,
    dry_run: bool,
    as_json: bool,
    exit_code: bool,
) -> None:
    """Pull, merge, push, calculate, push: the whole sync, made for a schedule.

    What it did is told in a line an event on standard error, without anything that people entered, and in a summary.
    """
    from tpi_dhis2.cli.log import log_to_stderr
    from tpi_dhis2.cli.sync_names import Names
    from tpi_dhis2.cli.sync_text import ran_json, ran_lines
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.hmis_file import read_hmis_mapping
    from tpi_dhis2.sync.push import How
    from tpi_dhis2.sync.run import rehearse_run
    from tpi_dhis2.sync.run import run as run_all

    log_to_stderr(verbose=SETTINGS.verbose)
    mapping = read_hmis_mapping(hmis, package_fields()) if hmis else None
    work = rehearse_run if dry_run else run_all
    with progress("Syncing", quiet=as_json) as told, Store.open(store_url) as store:
        how = How(chosen.within(client, store), writers=writers, as_jobs=as_jobs, told=told)
        done = work(client, store, package_fields(), chosen.wanted(client, store), how, mapping)
        shown = ran_json(done, Names(store)) if as_json else None
        if not dry_run:
            see_to_tables(store)
    if shown is not None:
        print_json(shown)
    else:
        click.echo("\n".join(ran_lines(done, dry_run=dry_run)))
    if exit_code and not done.is_clean:
        raise click.exceptions.Exit(3)


@command.command()
@store_option
@json_option
@verbose_option
def status(store_url: str | None, as_json: bool) -> None:
    """Show how the store stands: what is there, what waits, what is refused or in conflict."""
    from tpi_dhis2.cli.sync_waiting import status_json, status_lines
    from tpi_dhis2.store.store import Store

    with Store.open(store_url, reading=True) as store:
        if as_json:
            print_json(status_json(store))
        else:
            click.echo("\n".join(status_lines(store, everything=SETTINGS.verbose)))


@command.command()
@store_option
@json_option
@exit_code_option
@verbose_option
def conflicts(store_url: str | None, as_json: bool, exit_code: bool) -> None:
    """List the fields that were changed here and on the server to different values, and who changed them when."""
    from tpi_dhis2.cli.sync_waiting import conflict_lines, conflict_rows
    from tpi_dhis2.store.store import Store

    with Store.open(store_url, reading=True) as store:
        rows = list(conflict_rows(store))
    if as_json:
        print_json(rows)
    else:
        click.echo("\n".join(conflict_lines(rows)))
    if exit_code and rows:
        raise click.exceptions.Exit(3)


#: The words of both sides; those that people say of a merge mean the same.
_SIDES = {"here": "here", "mine": "here", "server": "server", "theirs": "server"}


@command.command()
@click.argument("uid", required=False)
@click.argument("field", required=False)
@click.option("--take", type=click.Choice(list(_SIDES)), help="Whose values to keep: here (mine) or server (theirs).")
@click.option("--value", help="A value of its own for FIELD.")
@click.option("--all", "all_of_them", is_flag=True, help="All conflicts, as after a backup of the server was put back.")
@store_option
@verbose_option
def resolve(
    uid: str | None, field: str | None, take: str | None, value: str | None, all_of_them: bool, store_url: str | None
) -> None:
    """Decide the conflicts of one object, or of one FIELD of it, or give up what the server refused (--take server).

    The next push sends what follows.
    """
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.resolve import resolve as decide
    from tpi_dhis2.sync.resolve import resolve_all, resolve_value

    if (take is None) == (value is None) or (value is not None and field is None):
        raise click.UsageError("Give --take here|server, or a FIELD with --value.")
    if (uid is None) != all_of_them:
        raise click.UsageError("Give the UID of a record, or --all.")
    count = 1
    with Store.open(store_url) as store:
        if value is not None:
            resolve_value(store, package_fields(), str(uid), str(field), value)
        elif all_of_them:
            count = resolve_all(store, _SIDES[str(take)])
        else:
            count = decide(store, str(uid), _SIDES[str(take)], field)
    click.echo(f"Decided: {count} object{'' if count == 1 else 's'}.")
