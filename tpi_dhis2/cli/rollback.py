"""tpi-dhis2 provision rollback."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.cli.common import agree, columns, connection_options, json_option, print_json, progress, yes_option
from tpi_dhis2.cli.plan_text import show

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.provision.backup import Backup
    from tpi_dhis2.provision.installed import Run


@click.command()
@connection_options
@yes_option
@json_option
@click.option("--list", "listing", is_flag=True, help="Show the recorded runs and do nothing.")
@click.option("--to", "run", default="", help="Undo this run and all after it (default: the last).", metavar="RUN")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Undo the run of this backup only.")
@click.option("--backups", type=click.Path(path_type=Path, file_okay=False), help="Folder with the backups.")
def rollback(
    client: Client, yes: bool, as_json: bool, listing: bool, run: str, file: Path | None, backups: Path | None
) -> None:
    """Put the server back to before a run of apply, rollback or uninstall; what people did since stays."""
    from tpi_dhis2.provision.backup import backup_folder
    from tpi_dhis2.provision.rollback import Rollback

    folder = backups or backup_folder()
    if run and file:
        raise click.UsageError("Choose one of --to and --file.")
    if listing:
        _list(client, folder, as_json)
        return
    job = Rollback(client, _backups(client, run, file, folder))
    plan = job.plan()
    plan.refuse()
    if plan.is_empty:
        _say({"stats": {}, "backup": None}, "Nothing to do: the server is as it was before that run.", as_json)
        return
    if not as_json:
        show(plan, show_all=False)
    agree(f"Put {plan.server} back to before this?", yes)
    with progress("Rolling back") as told:
        done = job.run(plan, folder, told)
    left = f"version {done.record.version}" if done.record else "nothing"
    said = {"stats": done.stats, "backup": done.backup, "installed": asdict(done.record) if done.record else None}
    _say(said, f"Done: {left} is recorded on the server. What was there is kept in {done.backup}", as_json)


def _backups(client: Client, run: str, file: Path | None, folder: Path) -> list[Backup]:
    from tpi_dhis2.provision.backup import read_backup
    from tpi_dhis2.provision.installed import read_installed
    from tpi_dhis2.provision.rollback import chosen_runs, read_backups

    return [read_backup(file)] if file else read_backups(chosen_runs(read_installed(client), run), folder)


def _list(client: Client, folder: Path, as_json: bool) -> None:
    from tpi_dhis2.provision.installed import read_installed

    installed = read_installed(client)
    runs = installed.runs if installed else []
    if as_json:
        print_json([{**asdict(one), "here": (folder / one.backup).exists()} for one in runs])
        return
    if not runs:
        click.echo("No run is recorded on this server.")
        return
    rows = [(*_row(one), "yes" if (folder / one.backup).exists() else "no") for one in runs]
    columns(rows, "Run", "what", "left version", "by", "backup here")
    click.echo(f"Backups are looked for in {folder}")


def _row(run: Run) -> tuple[str, ...]:
    return run.id, run.what, run.version or "did not end", run.by


def _say(said: dict[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        print_json(said)
    else:
        click.echo(words)
