"""tpi-dhis2 provision: plan | apply | status | drift; assign, rollback and uninstall have modules of their own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.cli.assign import assign
from tpi_dhis2.cli.common import (
    agree,
    connection_options,
    exit_code_option,
    json_option,
    print_json,
    progress,
    yes_option,
)
from tpi_dhis2.cli.plan_text import show
from tpi_dhis2.cli.rollback import rollback
from tpi_dhis2.cli.uninstall import uninstall

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.provision.carry_out import Done
    from tpi_dhis2.provision.steps import Plan


@click.group()
def command() -> None:
    """Install the package on a DHIS2 and assign units."""


command.add_command(assign)
command.add_command(rollback)
command.add_command(uninstall)


def _plan(client: Client, mapping: Path | None = None) -> tuple[Plan, dict[str, Any]]:
    from tpi_dhis2.package.release import bundle
    from tpi_dhis2.provision.mapping_file import read_mapping_file
    from tpi_dhis2.provision.plan import make_plan

    built = bundle(client.version.short)
    return make_plan(client, built, read_mapping_file(mapping, built) if mapping else None), built


_mapping_option = click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help="File that says which objects of the server stand for objects of the package.",
    metavar="FILE",
)


@command.command()
@connection_options
@exit_code_option
@json_option
@_mapping_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for those who decide on the change.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan for 'apply --plan'.")
@click.option("--all", "show_all", is_flag=True, help="List every object, not only the first of each type.")
def plan(
    client: Client,
    exit_code: bool,
    as_json: bool,
    mapping: Path | None,
    as_markdown: bool,
    out: Path | None,
    show_all: bool,
) -> None:
    """Show what an apply would create, change, remove and leave. Writes nothing on the server."""
    from tpi_dhis2.provision import rights
    from tpi_dhis2.provision.page import markdown
    from tpi_dhis2.provision.saved import as_json as plain
    from tpi_dhis2.provision.saved import save_plan
    from tpi_dhis2.provision.weigh import Rights

    if as_json and as_markdown:
        raise click.UsageError("Choose one of --json and --markdown.")
    made, _ = _plan(client, mapping)
    lacks = rights.missing_rights(Rights(client), made)
    if out:
        save_plan(made, out)
    if as_json:
        print_json({**plain(made), "missing_rights": rights.as_json(lacks)})
    elif as_markdown:
        click.echo(markdown(made), nl=False)
    else:
        show(made, show_all)
    for lack in lacks if not as_json else ():
        click.secho(f"This account lacks {lack}", fg="yellow", err=as_markdown)
    if out:
        click.echo(f"Saved in {out}: 'provision apply --plan {out}' does just this, or refuses.", err=True)
    if exit_code and not made.is_empty:
        raise click.exceptions.Exit(3)


@command.command()
@connection_options
@yes_option
@json_option
@_mapping_option
@click.option("--plan", "saved", type=click.Path(path_type=Path, dir_okay=False), help="Do what this plan says.")
@click.option("--backups", type=click.Path(path_type=Path, file_okay=False), help="Folder for backups.")
def apply(
    client: Client, yes: bool, as_json: bool, mapping: Path | None, saved: Path | None, backups: Path | None
) -> None:
    """Install or upgrade the package: forms, rules and boards whole or not at all, then the lists of records."""
    from tpi_dhis2.provision.apply import apply as apply_plan
    from tpi_dhis2.provision.apply import refuse_newer
    from tpi_dhis2.provision.backup import backup_folder
    from tpi_dhis2.provision.saved import check_saved

    made, built = _plan(client, mapping)
    if saved:
        check_saved(saved, made)
    refuse_newer(made)
    made.refuse()
    if made.is_empty:
        _nothing(as_json, made)
        return
    if not as_json:
        show(made, show_all=False)
    agree(f"Apply this to {made.server}?", yes)
    with progress("Installing") as told:
        done = apply_plan(client, built, made, backups or backup_folder(), told)
    if as_json:
        print_json(
            {"stats": done.stats, "backup": done.backup, "installed": asdict(done.record) if done.record else None}
        )
        return
    _say_done(done)
    if any(step.kind == "programs" for step in made.of("create")):
        click.echo("People see the program once units are assigned (provision assign) and they are in its groups.")


def _say_done(done: Done) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in done.stats.items() if count and name != "total")
    version = done.record.version if done.record else "none"
    click.echo(f"Done: {counts or 'nothing to change'}; version {version} is recorded on the server.")
    if done.backup:
        click.echo(f"What was there before is kept in {done.backup}; 'provision rollback' undoes this run with it.")


def _nothing(as_json: bool, made: Plan) -> None:
    if as_json:
        print_json({"stats": {}, "backup": None, "installed": asdict(made.installed) if made.installed else None})
    else:
        click.echo("Nothing to do: the server is as the package says.")


@command.command()
@connection_options
@exit_code_option
@json_option
def status(client: Client, exit_code: bool, as_json: bool) -> None:
    """Say whether the package is not installed, up to date, older, newer or damaged on the server."""
    from tpi_dhis2.provision.saved import as_json as plain
    from tpi_dhis2.provision.state import UP_TO_DATE, state

    made, _ = _plan(client)
    found = state(made)
    if as_json:
        print_json({**plain(made, steps=False), "state": found.word, "why": found.why})
    else:
        click.echo(f"{made.server} runs DHIS2 {made.dhis2}.")
        if made.installed and made.installed.version:
            told = f"version {made.installed.version}, applied {made.installed.applied} by {made.installed.by}"
            click.echo(f"Recorded: {told}.")
        click.echo(f"State: {found.word} ({found.why}). This release is version {made.version}.")
    if exit_code and found.word != UP_TO_DATE:
        raise click.exceptions.Exit(3)


@command.command()
@connection_options
@exit_code_option
@json_option
def drift(client: Client, exit_code: bool, as_json: bool) -> None:
    """Show what was changed on the server since the package was applied, by whom and when."""
    from tpi_dhis2.cli.plan_text import show_drift
    from tpi_dhis2.provision.drift import find_drift

    made, _ = _plan(client)
    found = find_drift(made)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        show_drift(made, found)
    if exit_code and found:
        raise click.exceptions.Exit(3)
