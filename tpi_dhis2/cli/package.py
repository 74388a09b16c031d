"""tpi-dhis2 package: build | lint | reference."""

from __future__ import annotations

from pathlib import Path

import click

from tpi_dhis2.cli.common import json_option, print_json, verbose_option

_FOLDER = click.option(
    "--metadata",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the sources; default the package's own.",
)


@click.group()
def command() -> None:
    """Build, check and describe the metadata package."""


@command.command()
@_FOLDER
@verbose_option
def build(metadata: Path | None) -> None:
    """Build the bundles for all DHIS2 versions from the sources, and pin the UIDs of new objects."""
    from tpi_dhis2.package.build import DHIS2_VERSIONS
    from tpi_dhis2.package.release import build_all

    written, pinned = build_all(metadata)
    for path in written:
        click.echo(path)
    click.echo(f"{len(DHIS2_VERSIONS)} bundles, {pinned} new UIDs pinned.")


@command.command()
@_FOLDER
@json_option
@verbose_option
def lint(metadata: Path | None, as_json: bool) -> None:
    """Check the package without a server; leaves with 1 when there are findings."""
    from tpi_dhis2.package.release import findings

    found = findings(metadata)
    if as_json:
        print_json(found)
    else:
        for finding in found:
            click.echo(finding)
        click.echo(f"{len(found)} findings.")
    if found:
        raise click.exceptions.Exit(1)


@command.command()
@_FOLDER
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder to write to.")
@verbose_option
def reference(metadata: Path | None, out: Path) -> None:
    """Write all that the package holds in plain words: an Excel workbook and a page."""
    from tpi_dhis2.package.reference_workbook import write

    for path in write(out, metadata):
        click.echo(path)
