"""tpi-dhis2 sync export."""

from __future__ import annotations

from pathlib import Path

import click

from tpi_dhis2.cli.common import store_option, verbose_option
from tpi_dhis2.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(("parquet", "csv", "json")),
    default="csv",
    show_default=True,
    help="Of files.",
)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these: partnership, cycle, activity ...")
@click.option("--labels", "language", default="en", show_default=True, metavar="LANGUAGE", help="en, fr or pt.")
@store_option
@verbose_option
def export(folder: Path, form: str, kinds: tuple[str, ...], language: str, store_url: str | None) -> None:
    """Write the store as tables to a FOLDER, for any tool that reads them (docs/analysts.md).

    The files hold what the server had at the last pull; what still waits in the store is not among it.
    """
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.store.store import Store
    from tpi_dhis2.sync.export import export as write

    with Store.open(store_url, reading=True) as store:
        if not store.partnerships():
            raise UsageError("The store has no partnerships.", "Run 'tpi-dhis2 sync pull' first.")
        for path in write(store, package_fields(), folder, form, kinds, language):
            click.echo(path)
