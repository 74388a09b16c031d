"""tpi-dhis2 provision assign: units to the program, people to its groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.cli.common import agree, connection_options, exit_code_option, json_option, print_json, yes_option

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.provision.assign import Assignment, Choice
    from tpi_dhis2.provision.lists import Wish
    from tpi_dhis2.provision.members import Join, Membership
    from tpi_dhis2.provision.unknown import Unknown

_SHOWN = 40
_FILE = click.Path(path_type=Path)


@dataclass(frozen=True)
class Work:
    """What is to be done: units, people, or both."""

    units: Assignment | None
    people: Membership | None

    @property
    def parts(self) -> list[Assignment | Membership]:
        """The parts that were asked for."""
        return [part for part in (self.units, self.people) if part]

    @property
    def unknown(self) -> list[Unknown]:
        """All that is unknown."""
        return [one for part in self.parts for one in part.unknown]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to add."""
        return not any(part.added for part in self.parts)


@click.command()
@connection_options
@click.option(
    "--level", "levels", type=click.IntRange(min=1), multiple=True, help="All units of this level.", metavar="N"
)
@click.option("--group", "groups", multiple=True, help="All units of this unit group (code or UID).", metavar="CODE")
@click.option("--unit", "units", multiple=True, help="This unit (code or UID).", metavar="CODE")
@click.option("--units", "unit_list", type=_FILE, help="The units in this file, one a line or a CSV.", metavar="FILE")
@click.option("--user", "users", multiple=True, help="This user joins the groups of --to.", metavar="NAME")
@click.option(
    "--to", "to", multiple=True, help="access, capture, admin or functioning; or code or name.", metavar="GROUP"
)
@click.option("--users", "people", type=_FILE, help="A CSV with the columns username and group.", metavar="FILE")
@click.option("--skip-unknown", is_flag=True, help="Go on without what is unknown, instead of changing nothing.")
@click.option("--dry-run", is_flag=True, help="Only show it.")
@yes_option
@exit_code_option
@json_option
def assign(
    client: Client, skip_unknown: bool, dry_run: bool, yes: bool, exit_code: bool, as_json: bool, **named: Any
) -> None:
    """Let units enter partnerships and put people into the groups. Takes nothing and nobody away.

    Shows what would be added, what is there already and what is unknown, asks, does it and reads it back. When
    something is unknown, nothing is changed unless --skip-unknown is given.
    """
    work = _plan(client, _choice(named), _wishes(named))
    if not as_json:
        _show(work)
    done: dict[str, int] = {}
    try:
        _check(work, skip_unknown)
        if not (dry_run or work.is_empty):
            agree(f"Add this on {client.base}?", yes)
            _do(client, work, done, quiet=as_json)
    finally:
        # Whatever stopped it: a script reads what is unknown, and what was done before.
        if as_json:
            print_json(_as_json(client, work, done))
    if dry_run and not as_json:
        click.echo("Only shown: nothing was changed.")
    if exit_code and (work.unknown or (dry_run and not work.is_empty)):
        raise click.exceptions.Exit(3)


def _choice(named: dict[str, Any]) -> Choice | None:
    from tpi_dhis2.provision.assign import Choice
    from tpi_dhis2.provision.lists import read_units

    path = named["unit_list"]
    listed = tuple(read_units(path)) if path else ()
    choice = Choice(named["levels"], named["groups"], named["units"], listed)
    return None if choice == Choice() else choice


def _wishes(named: dict[str, Any]) -> list[Wish]:
    from tpi_dhis2.provision.lists import Wish, read_people

    users, to, path = named["users"], named["to"], named["people"]
    if bool(users) != bool(to):
        raise click.UsageError("--user and --to belong together: who, and to which group.")
    return [Wish(user, group) for user in users for group in to] + (read_people(path) if path else [])


def _plan(client: Client, choice: Choice | None, wishes: Sequence[Wish]) -> Work:
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.provision.assign import plan_assignment
    from tpi_dhis2.provision.members import package_groups, plan_membership

    if not choice and not wishes:
        raise click.UsageError("Name units with --level, --group, --unit or --units, people with --user or --users.")
    units = plan_assignment(client, package_fields().program, choice) if choice else None
    return Work(units, plan_membership(client, package_groups(), wishes) if wishes else None)


def _check(work: Work, skip_unknown: bool) -> None:
    from tpi_dhis2.provision.unknown import refuse_unknown

    if not skip_unknown:
        refuse_unknown(work.unknown)
    for part in work.parts:
        part.refuse_without_right()


def _do(client: Client, work: Work, done: dict[str, int], quiet: bool) -> None:
    """Units, then people; ``done`` and the person who watches learn of each when it has been read back."""
    from tpi_dhis2.provision.assign import assign as assign_units
    from tpi_dhis2.provision.members import join_groups

    if work.units and work.units.added:
        done["units"] = assign_units(client, work.units, skip_unknown=True)
        _say(quiet, f"Done: {done['units']} units are assigned.")
    if work.people and work.people.added:
        done["people"] = join_groups(client, work.people, skip_unknown=True)
        _say(quiet, f"Done: {done['people']} memberships are added.")
        _say(quiet, "Whoever is logged in now sees what the groups open after logging in again.")


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        click.echo(text)


def _show(work: Work) -> None:
    if work.units:
        _show_added([f"{unit['name']} ({unit.get('code') or unit['id']})" for unit in work.units.added])
        _show_counts("units to add", work.units)
        if work.units.outside:
            click.echo(f"! {len(work.units.outside)} of them are not below the units of this account.")
    if work.people:
        _show_added([str(join) for join in work.people.added])
        _show_counts("memberships to add", work.people)
    for one in work.unknown:
        click.echo(f"? {one}")
    if work.is_empty and not work.unknown:
        click.echo("Nothing to do: all of it is there.")


def _show_added(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        click.echo(f"+ {line}")
    if len(lines) > _SHOWN:
        click.echo(f"+ and {len(lines) - _SHOWN} more")


def _show_counts(what: str, part: Assignment | Membership) -> None:
    click.echo(f"{len(part.added)} {what}; {len(part.already)} are there already and stay.")


def _as_json(client: Client, work: Work, done: dict[str, int]) -> dict[str, Any]:
    return {
        "server": client.base,
        "units": work.units
        and {
            "added": work.units.added,
            "already": work.units.already,
            "outside": [unit["id"] for unit in work.units.outside],
        },
        "people": work.people and {"added": _pairs(work.people.added), "already": _pairs(work.people.already)},
        "unknown": [asdict(one) for one in work.unknown],
        "done": {"units": 0, "people": 0, **done},
    }


def _pairs(joins: list[Join]) -> list[dict[str, Any]]:
    return [
        {"username": join.user["username"], "disabled": bool(join.user.get("disabled")), "group": join.group["name"]}
        for join in joins
    ]
