"""tpi-dhis2 demo: the whole chain on demo partnerships, in the sandbox or on a server that is named."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tpi_dhis2.atomic import write_text
from tpi_dhis2.cli.common import agree, connect, is_watched, verbose_option
from tpi_dhis2.errors import UsageError

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.domain.records import Partnership

_DOCUMENTS = ("action-plan", "evaluation")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-output"))
@click.option("--url", envvar="TPI_DHIS2_URL", help="A server to use in place of the sandbox.", metavar="URL")
@click.option("--username", envvar="TPI_DHIS2_USERNAME", help="User name on that server.", metavar="NAME")
@click.option("--yes", is_flag=True, help="Do not ask before a real server is changed.")
@verbose_option
def command(folder: Path, url: str | None, username: str | None, yes: bool) -> None:
    """Provision, push and pull the demo partnerships and write their documents into FOLDER.

    Without a server named by --url or TPI_DHIS2_URL everything happens in a sandbox that is started and stopped here.
    """
    from tpi_dhis2.demo.run import Demo, run

    started = time.monotonic()
    data = _fresh(folder / "demo-stores")
    demo = Demo()
    with _server(url, username, yes) as client:
        for line in run(client, data, demo):
            click.echo(line)
    index = _write_all(demo.partnerships, folder)
    click.echo(
        f"Wrote {2 * len(_DOCUMENTS) * len(demo.partnerships)} documents for {len(demo.partnerships)} partnerships."
    )
    click.echo(f"Done in {time.monotonic() - started:.0f} s. Open {index.resolve()}")


def _fresh(data: Path) -> Path:
    """The demo's stores begin anew: a sandbox has another address each time, a server is looked at from the start."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        for old in data.glob("*.sqlite*"):
            old.unlink()
    except OSError as error:
        raise UsageError(f"{data} cannot be written to.", "Name another folder.", str(error)) from error
    return data


@contextlib.contextmanager
def _server(url: str | None, username: str | None, yes: bool) -> Iterator[Client]:
    if url:
        from tpi_dhis2.demo.units import is_in_use

        client = connect(url, username)
        click.echo(
            f"This puts the TPI program, demo units (two trees, 'fictional' and 'published cases') and 17 demo"
            f" partnerships on {client.base}."
        )
        # The server was named on purpose. A person is still asked; without one, a server in use needs --yes.
        agree("Go on?", yes or not (is_watched() or is_in_use(client)))
        yield client
        return
    from tpi_dhis2.dhis2.client import Account, Client
    from tpi_dhis2.sandbox.server import Sandbox, serve

    with serve(Sandbox(version="2.42")) as address:
        click.echo("A sandbox stands in for a DHIS2 while this runs (set TPI_DHIS2_URL to use a real one).")
        yield Client(Account(address, "admin", "district"))


def _write_all(partnerships: list[Partnership], folder: Path) -> Path:
    from tpi_dhis2.cli.report import slug, write

    rows = []
    for partnership in partnerships:
        for document in _DOCUMENTS:
            write(document, partnership, folder, ("html", "md"))
        links = " ".join(
            f'<a href="{slug(partnership)}-{name}.html">{name.replace("-", " ")}</a>' for name in _DOCUMENTS
        )
        rows.append(f"<li>{escape(partnership.name)}<br>{links}</li>")
    index = folder / "index.html"
    write_text(index, _INDEX.format(rows="\n".join(rows)))
    return index


_INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>TPI demo</title><style>body{{font-family:system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;
line-height:1.5}}li{{margin:.8rem 0}}a{{color:#00695c;margin-right:1.5rem}}</style></head><body>
<h1>Demo partnerships</h1>
<p>Nine published cases, with nothing in them that their sources do not state, and eight partnerships that are
fictional and say so. All of it was read back from the server.</p>
<ul>
{rows}
</ul></body></html>
"""
