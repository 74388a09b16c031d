"""The main job on the demo's partnerships: provision, assign, push, pull, and what the reports are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tpi_dhis2.demo.units import FOLDER, ensure_units, units
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.domain.records import Partnership
from tpi_dhis2.errors import StateChanged
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.apply import apply
from tpi_dhis2.provision.assign import Choice, assign, plan_assignment
from tpi_dhis2.provision.plan import make_plan
from tpi_dhis2.store.items import CONFLICT
from tpi_dhis2.store.partnerships import partnerships
from tpi_dhis2.store.store import Store
from tpi_dhis2.sync.outcome import CREATED, UPDATED
from tpi_dhis2.sync.pull import pull
from tpi_dhis2.sync.push import push

FILES = (FOLDER / "published.yaml", FOLDER / "fictional.yaml")


@dataclass
class Demo:
    """What the demo leaves behind: the partnerships as they were pulled."""

    partnerships: list[Partnership] = field(default_factory=list)


def run(client: Client, folder: Path, demo: Demo) -> Iterator[str]:
    """Do the main job against a server; one line at a time says what was done. Safe to run again.

    The documents are made from a second store that knows nothing but what the server gives back.
    """
    yield f"{client.base} runs DHIS2 {client.version.text}."
    yield f"Units: {ensure_units(client)} created for the demo ({len(units())} in all)."
    yield from _provision(client, folder)
    yield from _push(client, folder)
    with Store.open(f"sqlite:///{folder / 'pulled.sqlite'}") as store:
        pulled = pull(client, store, package_fields())
        demo.partnerships = [p for p in partnerships(store) if p.unit in {unit["id"] for unit in units()}]
    yield f"Pulled: {pulled.seen} partnerships, {pulled.taken} objects into a store of their own."


def _provision(client: Client, folder: Path) -> Iterator[str]:
    built = bundle(client.version.short)
    plan = make_plan(client, built)
    counts = plan.counts
    yield f"Plan: {counts['create']} objects to create, {counts['update']} to update, {counts['unchanged']} unchanged."
    if not plan.is_empty:
        apply(client, built, plan, folder / "backups")
    if not make_plan(client, built).is_empty:
        raise StateChanged("The plan after the apply is not empty.", "Run 'tpi-dhis2 provision plan' to see why.")
    yield f"Applied: version {plan.version} is installed and recorded; a second plan is empty."
    codes = tuple(unit["code"] for unit in units())
    added = assign(client, plan_assignment(client, package_fields().program, Choice(units=codes)))
    yield f"Assigned: {added} units added to the program."


def _push(client: Client, folder: Path) -> Iterator[str]:
    with Store.open(f"sqlite:///{folder / 'pushed.sqlite'}") as store:
        first = push(client, store, package_fields(), FILES)
        problems = [f"{rejected.place}: {rejected.reason}" for rejected in first.rejected]
        problems += [f"{uid}: {problem}" for uid, problem in first.refused.items()]
        problems += [f"{item.uid}: in conflict" for item in store.items(state=CONFLICT)]
        if problems:
            raise StateChanged(
                f"{len(problems)} demo records were not taken, first {problems[0]}.",
                "If the demo ran here before and its records were changed or deleted, use another server.",
                "\n".join(problems),
            )
        done = f"{first.number(CREATED)} objects created, {first.number(UPDATED)} updated"
        yield f"Pushed: {done} in {first.requests} requests."
        second = push(client, store, package_fields(), FILES)
        yield f"Pushed again: {second.requests} requests, since nothing had changed."
