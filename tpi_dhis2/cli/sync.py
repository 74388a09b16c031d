"""tpi-dhis2 sync: pull | push | status | conflicts | resolve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tpi_dhis2.cli.common import (
    columns,
    connection_options,
    exit_code_option,
    is_watched,
    json_option,
    print_json,
    store_option,
    verbose_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.store.items import Item
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.push import Pushed


@click.group()
def command() -> None:
    """Bring partnership records to the server and back."""


@command.command()
@connection_options
@store_option
@json_option
@click.option("--org-unit", "unit", help="Only this unit (UID) and those below it.", metavar="UID")
@click.option("--whole", is_flag=True, help="Look at everything again, not only at what changed.")
def pull(client: Client, store_url: str | None, as_json: bool, unit: str | None, whole: bool) -> None:
    """Take what changed on the server into the local store."""
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.pull import pull as pull_all

    with Store.open(store_url) as store:
        done = pull_all(client, store, package_fields(), unit, whole=whole)
    if as_json:
        print_json(vars(done))
        return
    click.echo(f"{done.seen} partnerships looked at; {done.taken} objects taken into the store.")
    if done.conflicts:
        click.echo(f"{done.conflicts} objects are in conflict: see 'tpi-dhis2 sync conflicts'.")


@command.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@connection_options
@store_option
@json_option
@exit_code_option
def push(files: tuple[Path, ...], client: Client, store_url: str | None, as_json: bool, exit_code: bool) -> None:
    """Take record FILES into the local store, then send what the server lacks.

    Without FILES only what is waiting in the store is sent. A bad record never stops the others: it is set aside and
    named with its reason.
    """
    from rich.progress import Progress

    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.push import push as push_all

    with Progress(transient=True, disable=as_json or not is_watched()) as bar, Store.open(store_url) as store:
        done = push_all(client, store, package_fields(), files, sent=_advance(bar))
        names = _Names(store)
    if as_json:
        print_json(_as_json(done, names))
    else:
        _show(done, names)
    if exit_code and not done.is_clean:
        raise click.exceptions.Exit(3)


def _advance(bar: Progress) -> Callable[[int, int], None]:
    task = bar.add_task("Sending", total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


class _Names:
    """What to call an object in a message: the partnership's name, and what tells the record from others."""

    def __init__(self, store: Store) -> None:
        from tpi_dhis2.package.fields import package_fields

        self.fields = package_fields()
        self.partnerships = {item.uid: item.doc.get("name", item.uid) for item in store.items() if not item.cycle}

    def of(self, item: Item) -> str:
        name = self.partnerships.get(item.partnership, item.partnership)
        if item.type == "partnership":
            return name
        if item.type == "cycle":
            return f"{name}, cycle begun {item.doc.get('@date', '?')}"
        stage = self.fields.stages[item.kind].source
        parts = [item.doc.get(key, "") for key in stage.key]
        shown = [self.fields.show(key, part) or "" for key, part in zip(stage.key, parts, strict=True) if part]
        return f"{name}, {stage.name}{': ' + ', '.join(shown) if shown else ''}"


def _show(done: Pushed, names: _Names) -> None:
    if not (done.created or done.updated or done.refused or done.rejected or done.conflicts):
        click.echo("Nothing to send: the server has it all.")
        return
    rows = [
        (kind, *(str(sum((item.kind or item.type) == kind for item in some)) for some in _lists(done)))
        for kind in _kinds(done)
    ]
    if rows:
        columns(rows, "Kind", "created", "updated", "refused", "in conflict")
    for rejected in done.rejected:
        click.secho(f"Set aside: {rejected.place}: {rejected.reason}.", fg="yellow")
    for item in done.refused:
        click.secho(f"Refused: {names.of(item)} ({item.uid}): {item.problem}.", fg="yellow")
    for item in done.conflicts:
        click.secho(f"In conflict: {names.of(item)} (see 'tpi-dhis2 sync conflicts').", fg="yellow")
    for uid, warning in done.warnings.items():
        click.echo(f"Note of the server on {uid}: {warning}")
    if done.refused:
        click.echo("What was refused is tried again by each push; give one up with: sync resolve UID --take server")
    click.echo(f"{len(done.created)} created, {len(done.updated)} updated in {done.requests} requests.")


def _lists(done: Pushed) -> tuple[list[Item], ...]:
    return (done.created, done.updated, done.refused, done.conflicts)


def _kinds(done: Pushed) -> list[str]:
    return list(dict.fromkeys(item.kind or item.type for some in _lists(done) for item in some))


def _as_json(done: Pushed, names: _Names) -> dict[str, Any]:
    def one(item: Item) -> dict[str, Any]:
        return {"uid": item.uid, "type": item.type, "kind": item.kind, "name": names.of(item), "problem": item.problem}

    return {
        "created": [one(item) for item in done.created],
        "updated": [one(item) for item in done.updated],
        "refused": [one(item) for item in done.refused],
        "conflicts": [one(item) for item in done.conflicts],
        "set_aside": [vars(rejected) for rejected in done.rejected],
        "warnings": done.warnings,
        "requests": done.requests,
    }


@command.command()
@store_option
@json_option
@verbose_option
def status(store_url: str | None, as_json: bool) -> None:
    """Show how the store stands: what is there, what waits, what is refused or in conflict."""
    from collections import Counter

    from tpi_dhis2.store.store import Store

    with Store.open(store_url) as store:
        items, names = store.items(), _Names(store)
        server, pulled = store.setting("server"), store.setting("pulled")
    counts = Counter((item.kind or item.type, item.state) for item in items if not item.deleted)
    troubled = [item for item in items if item.problem]
    if as_json:
        states = [{"kind": kind, "state": state, "count": count} for (kind, state), count in counts.items()]
        problems = [{"name": names.of(item), "problem": item.problem} for item in troubled]
        print_json({"server": server, "pulled": pulled, "objects": states, "problems": problems})
        return
    click.echo(f"The store mirrors {server or 'no server yet'}; pulled up to {pulled or 'never'} (server's time).")
    columns([(kind, state, str(count)) for (kind, state), count in counts.items()], "Kind", "State", "Objects")
    for item in troubled:
        click.secho(f"{names.of(item)} ({item.uid}): {item.problem}", fg="yellow")


@command.command()
@store_option
@json_option
@exit_code_option
@verbose_option
def conflicts(store_url: str | None, as_json: bool, exit_code: bool) -> None:
    """List the fields that were changed here and on the server to different values."""
    from tpi_dhis2.store.store import Store

    with Store.open(store_url) as store:
        items, names = store.items(state="conflict"), _Names(store)
    rows = [
        (item.uid, names.of(item), names.fields.label(key), mine or "(empty)", theirs or "(empty)")
        for item in items
        for key, (mine, theirs) in item.conflicts.items()
    ]
    if as_json:
        print_json([dict(zip(("uid", "name", "field", "here", "server"), row, strict=True)) for row in rows])
    elif rows:
        columns(rows, "UID", "Record", "Field", "Here", "On the server")
        click.echo("Decide each with: tpi-dhis2 sync resolve UID --take here|server")
    else:
        click.echo("No conflicts.")
    if exit_code and rows:
        raise click.exceptions.Exit(3)


@command.command()
@click.argument("uid")
@click.option("--take", type=click.Choice(["here", "server"]), required=True, help="Whose values to keep.")
@store_option
@verbose_option
def resolve(uid: str, take: str, store_url: str | None) -> None:
    """Decide the conflicts of one object, or give up what the server refused (--take server).

    The next push sends what follows.
    """
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.resolve import resolve as decide

    with Store.open(store_url) as store:
        count = decide(store, uid, take)
    click.echo(f"Decided: {count} object{'' if count == 1 else 's'}.")
