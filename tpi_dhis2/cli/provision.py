"""tpi-dhis2 provision: plan | apply | status | assign; uninstall has a module of its own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.cli.common import (
    agree,
    columns,
    connection_options,
    exit_code_option,
    json_option,
    print_json,
    yes_option,
)
from tpi_dhis2.cli.uninstall import uninstall

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.provision.plan import Plan

_SIGNS = {"create": "+", "update": "~", "clash": "!", "adopted": "="}
_SHOWN = 40


@click.group()
def command() -> None:
    """Install the package on a DHIS2 and assign units."""


command.add_command(uninstall)


def _plan(client: Client) -> tuple[Plan, dict[str, Any]]:
    from tpi_dhis2.package.release import bundle
    from tpi_dhis2.provision.plan import make_plan

    built = bundle(client.version.short)
    return make_plan(client, built), built


@command.command()
@connection_options
@exit_code_option
@json_option
@click.option("--all", "show_all", is_flag=True, help="List every object, not only the first of each type.")
def plan(client: Client, exit_code: bool, as_json: bool, show_all: bool) -> None:
    """Show what an apply would create, change and leave. Writes nothing."""
    from tpi_dhis2.provision import rights
    from tpi_dhis2.provision.weigh import Rights

    made, _ = _plan(client)
    lacks = rights.missing_rights(Rights(client), made)
    if as_json:
        print_json({**_as_json(made), "missing_rights": rights.as_json(lacks)})
    else:
        _show(made, show_all)
        for lack in lacks:
            click.secho(f"This account lacks {lack}", fg="yellow")
    if exit_code and not made.is_empty:
        raise click.exceptions.Exit(3)


@command.command()
@connection_options
@yes_option
@json_option
@click.option("--backups", type=click.Path(path_type=Path, file_okay=False), help="Folder for backups.")
def apply(client: Client, yes: bool, as_json: bool, backups: Path | None) -> None:
    """Install or upgrade the package: forms, rules and boards whole or not at all, then the lists of records."""
    from platformdirs import user_data_path

    from tpi_dhis2.provision.apply import apply as apply_plan

    made, built = _plan(client)
    made.refuse_clashes()
    if made.is_empty:
        _nothing(as_json, made)
        return
    if not as_json:
        _show(made, show_all=False)
    agree(f"Apply this to {made.server}?", yes)
    done = apply_plan(client, built, made, backups or user_data_path("tpi-dhis2") / "backups")
    if as_json:
        print_json({"stats": done.stats, "backup": done.backup, "installed": asdict(done.record)})
        return
    counts = ", ".join(f"{count} {name}" for name, count in done.stats.items() if count and name != "total")
    click.echo(f"Done: {counts or 'nothing to change'}; version {done.record.version} is recorded on the server.")
    if done.backup:
        click.echo(f"What was replaced is kept in {done.backup}")
    click.echo("People see the program once units are assigned (provision assign) and they are in its groups.")


def _nothing(as_json: bool, made: Plan) -> None:
    if as_json:
        print_json({"stats": {}, "backup": None, "installed": asdict(made.installed) if made.installed else None})
    else:
        click.echo("Nothing to do: the server is as the package says.")


@command.command()
@connection_options
@json_option
def status(client: Client, as_json: bool) -> None:
    """Say which version is installed and whether the server still is as it says."""
    from tpi_dhis2.provision.state import state

    made, _ = _plan(client)
    found = state(made)
    if as_json:
        print_json({**_as_json(made, steps=False), "state": found.word, "why": found.why})
        return
    click.echo(f"{made.server} runs DHIS2 {made.dhis2}.")
    if made.installed:
        click.echo(
            f"Recorded: version {made.installed.version}, applied {made.installed.applied} by {made.installed.by}."
        )
    click.echo(f"State: {found.word} ({found.why}). This release is version {made.version}.")


@command.command()
@connection_options
@click.option("--level", "levels", type=int, multiple=True, help="All units of this level.", metavar="N")
@click.option("--group", "groups", multiple=True, help="All units of this group (code or UID).", metavar="CODE")
@click.option("--unit", "units", multiple=True, help="This unit (code or UID).", metavar="CODE")
@yes_option
@json_option
def assign(
    client: Client, levels: tuple[int, ...], groups: tuple[str, ...], units: tuple[str, ...], yes: bool, as_json: bool
) -> None:
    """Let units enter partnerships: by level, by group, or one by one. Takes none away."""
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.provision.assign import Choice, plan_assignment
    from tpi_dhis2.provision.assign import assign as assign_units

    if not (levels or groups or units):
        raise click.UsageError("Name units with --level, --group or --unit.")
    found = plan_assignment(client, package_fields().program, Choice(levels, groups, units))
    if not as_json:
        for unit in found.added[:_SHOWN]:
            click.echo(f"+ {unit['name']} ({unit.get('code') or unit['id']})")
        if len(found.added) > _SHOWN:
            click.echo(f"+ and {len(found.added) - _SHOWN} more")
        click.echo(f"{len(found.added)} units to add; {found.already} are assigned already and stay.")
    if found.added:
        agree("Assign them?", yes)
        assign_units(client, found)
    if as_json:
        print_json({"added": found.added, "already": found.already})
    elif found.added:
        click.echo("Done.")


def _show(made: Plan, show_all: bool) -> None:
    if made.is_empty:
        click.echo("Nothing to do: the server is as the package says.")
        return
    kinds = list(dict.fromkeys(step.kind for step in made.steps))
    for kind in kinds:
        steps = [step for step in made.steps if step.kind == kind and step.action in _SIGNS]
        for step in steps if show_all else steps[:3]:
            click.echo(f"{_SIGNS[step.action]} {kind} {step.name}")
            for change in step.changes:
                click.echo(f"    {change.prop}: {change.old!r} -> {change.new!r}")
            if step.reason:
                click.echo(f"    {step.reason}")
        if not show_all and len(steps) > 3:
            click.echo(f"  and {len(steps) - 3} more {kind}")
    rows = [
        (kind, *(str(sum(s.kind == kind and s.action == action for s in made.steps)) for action in _ACTIONS))
        for kind in kinds
    ]
    total = ("all", *(str(made.counts[action]) for action in _ACTIONS))
    columns([*rows, total], "Type", *_ACTIONS, title=f"Plan for {made.server}")
    click.echo(
        "Not touched: units assigned to the program, members of groups, sharing of what exists, local additions."
    )


_ACTIONS = ("create", "update", "unchanged", "adopted", "clash")


def _as_json(made: Plan, *, steps: bool = True) -> dict[str, Any]:
    result: dict[str, Any] = {
        "server": made.server,
        "dhis2": made.dhis2,
        "version": made.version,
        "digest": made.digest,
        "installed": asdict(made.installed) if made.installed else None,
        "empty": made.is_empty,
        "counts": dict(made.counts),
    }
    if steps:
        result["steps"] = [
            {
                "type": step.kind,
                "id": step.uid,
                "name": step.name,
                "action": step.action,
                "changes": [asdict(change) for change in step.changes],
                "reason": step.reason,
            }
            for step in made.steps
            if step.action != "unchanged"
        ]
    return result
