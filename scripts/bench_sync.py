"""What the sync costs: the push against a bare loop, what unchanged data cost, memory, and how all of it grows.

Each command is a process of its own, and so is the sandbox. The bare loop posts the very bodies that the push will send
from files, with four plain sessions and nothing around it, to a server as fresh; the two take turns, and of several
runs the quickest counts. The sandbox is one Python process: how busy it was says how much of the time was its own. It
has a core of its own where there are two: a server is another machine, and does not wait for the one that asks it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from bench_child_sync import TOP
from bench_common import VERSIONS, leave
from bench_data import FULL, objects_each
from bench_sites import Named, Row, Sandboxes, Server, Site
from bench_sync_report import (
    BARE,
    CHANGES,
    FIRST,
    NOTHING,
    OVERLAP,
    PUSH,
    TEN,
    UNCHANGED,
    Size,
    SyncReport,
    as_json,
    show,
)

from tpi_dhis2.cli.sync import command as commands_of_sync
from tpi_dhis2.store.store import Store

#: Objects at the points of the curve.
CURVE = (10_000, 30_000, 100_000, 300_000, 1_000_000)


class Stores:
    """Stores with partnerships that wait to be sent to a server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def url(self, name: str) -> str:
        """The address of a store."""
        return f"sqlite:///{self.server.folder / name}.sqlite"

    def filled(self, shape: str, seed: str, count: int) -> str:
        """A store that holds so many partnerships to be sent."""
        self.server.run("fill", self.url("made"), shape, seed, str(count))
        return self.url("made")

    def sent(self, store: str) -> Row:
        """Send all of a store in the bare loop, and measure that alone."""
        bodies = self.server.folder / "bodies"
        self.server.run("bodies", store, str(bodies))
        row = self.server.job(BARE, 0, "post", str(bodies))
        shutil.rmtree(bodies)
        return row


def speed(site: Site, size: Size, times: int) -> Iterator[Row]:
    """The push and the bare loop in turn."""
    count = partnerships_for(size.objects)
    objects = count * objects_each("full")
    for _ in range(times):
        with site.fresh() as server:
            stores = Stores(server)
            yield replace(stores.sent(stores.filled("full", site.seed(count), count)), objects=objects)
        with site.fresh() as server:
            store = Stores(server).filled("full", site.seed(count), count)
            yield server.command(PUSH, objects, "sync", "push", "--store", store)


def partnerships_for(objects: int) -> int:
    """How many full partnerships make so many objects."""
    return max(objects // objects_each("full"), 1)


def many(site: Site, size: Size) -> Iterator[Row]:
    """Very many small partnerships: the first pull, what is unchanged, and ten changes."""
    count = size.partnerships
    objects = count * objects_each("small")
    with site.fresh() as server:
        stores = Stores(server)
        made, pulled = stores.filled("small", site.seed(count), count), stores.url("pulled")
        stores.sent(made)
        yield server.command(FIRST, objects, "sync", "pull", "--store", pulled)
        yield server.command(OVERLAP, objects, *_pull(pulled, made))
        server.run("settle", pulled, "", _top(made))
        yield server.command(UNCHANGED, objects, *_pull(pulled, made))
        yield server.command(NOTHING, objects, "sync", "push", "--store", pulled)
        server.run("change", pulled, str(CHANGES))
        yield server.command(TEN, CHANGES, "sync", "push", "--store", pulled)


def _pull(store: str, made: str) -> tuple[str, ...]:
    return "sync", "pull", "--org-unit", _top(made), "--store", store


def _top(store: str) -> str:
    with Store.open(store, reading=True) as opened:
        return str(opened.setting(TOP))


def large(site: Site, size: Size) -> Iterator[Row]:
    """The memory of each command with very many events."""
    count = size.events // sum(FULL.values())
    objects = count * objects_each("full")
    with site.fresh() as server:
        stores = Stores(server)
        made, pulled = stores.filled("full", site.seed(count), count), stores.url("pulled")
        yield server.command("push, large", objects, "sync", "push", "--store", made)
        yield server.command("pull, large", objects, "sync", "pull", "--store", pulled)
        yield server.command("run, unchanged, large", objects, "sync", "run", "--store", pulled)
        yield server.command("run on another day, large", objects, "sync", "run", "--store", pulled, job="later")
        yield server.command("status, large", 0, "sync", "status", "--store", pulled)
        if "export" in commands_of_sync.commands:
            folder = str(server.folder / "exported")
            yield server.command("export, large", objects, "sync", "export", folder, "--store", pulled)


def curve(site: Site, sizes: Iterable[int]) -> Iterator[Row]:
    """Push, first pull and unchanged run with more and more objects, each on a fresh server."""
    for wanted in sizes:
        count = partnerships_for(wanted)
        objects = count * objects_each("full")
        with site.fresh() as server:
            stores = Stores(server)
            made, pulled = stores.filled("full", site.seed(count), count), stores.url("pulled")
            yield server.command("push", objects, "sync", "push", "--store", made)
            yield server.command("first pull", objects, "sync", "pull", "--store", pulled)
            yield server.command("unchanged run", objects, "sync", "run", "--store", pulled)


def reading(site: Site) -> Iterator[Row]:
    """What may be measured on a server where nothing is to be written."""
    with site.fresh() as server:
        pulled = Stores(server).url("pulled")
        yield server.command(FIRST, 0, "sync", "pull", "--store", pulled)
        yield server.command(OVERLAP, 0, "sync", "pull", "--store", pulled)
        yield server.command("status", 0, "sync", "status", "--store", pulled)


def measure(site: Site, size: Size, times: int, sizes: Sequence[int], *, write: bool = True) -> SyncReport:
    """All of it on a site, as far as it may be written to."""
    if not write:
        return SyncReport(site.name, size, list(_told(reading(site))))
    rows = [row for part in (speed(site, size, times), many(site, size), large(site, size)) for row in _told(part)]
    return SyncReport(site.name, size, rows, list(_told(curve(site, sizes))))


def _told(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        click.echo(f"{row.name}: {row.seconds:.1f} s", err=True)
        yield row


@click.command()
@click.option("--as", "version", default="2.42", type=click.Choice(VERSIONS), show_default=True, help="Sandbox to use.")
@click.option("--objects", default=50_000, type=click.IntRange(100), show_default=True, help="Objects of the push.")
@click.option("--curve", "with_curve", is_flag=True, help="Also measure with more and more objects.")
@click.option("--largest", default=1_000_000, type=click.IntRange(100), show_default=True, help="Where the curve ends.")
@click.option("--pace", default=0.0, metavar="SECONDS", help="Let the sandbox take so long for a write, as servers do.")
@click.option("--times", default=3, type=click.IntRange(1), show_default=True, help="Runs of push and bare loop.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON for scripts.")
@click.option("--check", is_flag=True, help="Leave with code 1 when a limit is exceeded.")
@click.option("--write", is_flag=True, help="With a server in TPI_DHIS2_URL: send partnerships there, and delete them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def sync(
    version: str, objects: int, with_curve: bool, largest: int, pace: float, times: int,
    json_wanted: bool, check: bool, write: bool, yes: bool,
) -> None:  # fmt: skip
    """Measure what the sync costs: on a sandbox, or on the server in TPI_DHIS2_URL."""
    size = Size.of(objects)
    sizes = [each for each in CURVE if each <= largest] if with_curve else []
    with TemporaryDirectory() as temporary:
        if url := os.environ.get("TPI_DHIS2_URL"):
            what = "send thousands of partnerships to this server and delete them" if write else "read this server"
            if not yes:
                click.confirm(f"Measure on {url}? This will {what}.", abort=True, err=True)
            report = measure(Named(Path(temporary)), size, times, sizes, write=write)
        else:
            report = measure(Sandboxes(version, Path(temporary), pace), size, times, sizes)
    click.echo(json.dumps(as_json(report), indent=2)) if json_wanted else show(report)
    leave(report.limits(), check=check)
