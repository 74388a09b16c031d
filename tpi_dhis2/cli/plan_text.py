"""Plans and drift in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tpi_dhis2.cli.common import columns

if TYPE_CHECKING:
    from tpi_dhis2.provision.compare import Change
    from tpi_dhis2.provision.drift import Drift
    from tpi_dhis2.provision.steps import Plan, Step

_SIGNS = {"create": "+", "update": "~", "remove": "-", "clash": "!", "refused": "!", "adopted": "=", "kept": "=",
          "not ours": "."}  # fmt: skip
_WHOLE = ("clash", "refused", "adopted")
_FIRST = 3
_WIDE = 100


def show(plan: Plan, show_all: bool) -> None:
    """Print a plan: the first objects of each type or all, counts of the types that matter, what is not touched."""
    from tpi_dhis2.provision.page import UNTOUCHED

    if plan.is_empty:
        click.echo("Nothing to do: the server is as the package says.")
        return
    kinds = list(dict.fromkeys(step.kind for step in plan.steps if step.action in _SIGNS))
    for kind in kinds:
        _show_type(kind, [step for step in plan.steps if step.kind == kind and step.action in _SIGNS], show_all)
    _show_counts(plan, kinds)
    if plan.is_settled:
        click.echo("No object changes; the server's record of what is installed is written.")
    click.echo(f"Not touched: {UNTOUCHED}")


def _show_type(kind: str, steps: list[Step], show_all: bool) -> None:
    first = steps if show_all else _foremost(steps)
    for step in first:
        click.echo(f"{_SIGNS[step.action]} {kind} {step.name}")
        for change in step.changes:
            click.echo(f"    {_change(change)}")
        if step.reason:
            click.echo(f"    {step.reason}")
    if len(steps) > len(first):
        click.echo(f"  and {len(steps) - len(first)} more {kind}")


def _foremost(steps: list[Step]) -> list[Step]:
    """The first of each action; whole what stands in the way, then what is used of the site."""
    whole = [step for action in _WHOLE for step in steps if step.action == action]
    seen = dict.fromkeys(step.action for step in steps if step.action not in _WHOLE)
    return [*whole, *(step for action in seen for step in [s for s in steps if s.action == action][:_FIRST])]


def _change(change: Change) -> str:
    old, new = (_short(value) for value in (change.old, change.new))
    return f"{change.prop}: {old} -> {new}"


def _short(value: object) -> str:
    text = "nothing" if value in (None, "", []) else repr(value)
    return text if len(text) <= _WIDE else f"{text[:_WIDE]}..."


def _show_counts(plan: Plan, kinds: list[str]) -> None:
    from tpi_dhis2.provision.steps import ACTIONS

    used = [action for action in ACTIONS if plan.counts[action]]
    rows = [
        (kind, *(str(sum(step.kind == kind and step.action == action for step in plan.steps)) for action in used))
        for kind in kinds
    ]
    total = ("all", *(str(plan.counts[action]) for action in used))
    columns([*rows, total], "Type", *used, title=f"Plan for {plan.server}")


def show_drift(plan: Plan, found: list[Drift]) -> None:
    """Print what has changed since the package was applied."""
    applied = f"version {plan.installed.version}, applied {plan.installed.applied}" if plan.installed else ""
    if not found:
        click.echo(f"Nothing has changed since: {applied}.")
        return
    for one in found:
        who = f" by {one.by}" if one.by else ""
        when = f"last changed {one.when}{who}" if one.when else "the server does not say by whom or when"
        click.echo(f"{'-' if one.what == 'deleted' else '~'} {one.kind} {one.name}: {one.what} ({when})")
        for change in one.changes:
            # What the package says is the old value here.
            click.echo(f"    {change.prop}: {_short(change.new)} -> {_short(change.old)}")
    click.echo(f"{len(found)} of {len(plan.steps)} differ from {applied}. 'provision apply' puts them back.")
