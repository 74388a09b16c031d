"""tpi-dhis2 provision uninstall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tpi_dhis2.cli.common import agree, columns, connection_options, json_option, print_json, progress, yes_option

if TYPE_CHECKING:
    from tpi_dhis2.dhis2.client import Client
    from tpi_dhis2.provision.uninstall import Removal


@click.command()
@connection_options
@yes_option
@json_option
@click.option("--backups", type=click.Path(path_type=Path, file_okay=False), help="Folder for what is removed.")
@click.option(
    "--remove-deleted",
    is_flag=True,
    help="First let the server remove for good all records that were deleted, of all its programs.",
)
def uninstall(client: Client, yes: bool, as_json: bool, backups: Path | None, remove_deleted: bool) -> None:
    """Take the package off a server that has no partnership records."""
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.provision import uninstall as job
    from tpi_dhis2.provision.backup import backup_folder

    removal = _plan(client)
    if removal.records.deleted and remove_deleted:
        agree(f"Remove for good whatever was deleted on {client.base}, of all programs?", yes)
        with progress("Removing what was deleted") as told:
            job.remove_deleted(client, package_fields().program, told)
        removal = _plan(client)
    removal.refuse()
    if not as_json:
        _show(client.base, removal)
    if removal.count:
        agree(f"Remove the package from {client.base}?", yes)
    kept = job.uninstall(client, removal, backups or backup_folder())
    if as_json:
        print_json({"removed": {kind: len(items) for kind, items in removal.found.items()}, "backup": kept})
    elif kept:
        click.echo(f"Done: {removal.count} objects removed, none left. They are kept in {kept}")
        click.echo("'provision rollback --file' with that file brings them back.")


def _plan(client: Client) -> Removal:
    from tpi_dhis2.package.fields import package_fields
    from tpi_dhis2.provision.ours import pinned
    from tpi_dhis2.provision.uninstall import plan_removal

    return plan_removal(client, pinned(), package_fields().program)


def _show(server: str, removal: Removal) -> None:
    if not removal.count:
        click.echo("Nothing to do: nothing of the package is on this server.")
        return
    rows = [(kind, str(len(items))) for kind, items in removal.found.items()]
    columns([*rows, ("all", str(removal.count))], "Type", "removed", title=f"Uninstall from {server}")
