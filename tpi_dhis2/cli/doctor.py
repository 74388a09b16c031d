"""tpi-dhis2 doctor: what is well and what is to be seen to, of the server, the account and this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tpi_dhis2.cli.common import (
    account_options,
    exit_code_option,
    json_option,
    named_account,
    print_json,
    store_option,
    verbose_option,
)

if TYPE_CHECKING:
    from tpi_dhis2.doctor.finding import Finding

_COLOURS = {"ok": "green", "note": "cyan", "warn": "yellow", "bad": "red"}
_SHOWN = 5


@click.command()
@account_options
@store_option
@json_option
@exit_code_option
@verbose_option
def command(
    url: str | None, username: str | None, profile: str | None, store_url: str | None, as_json: bool, exit_code: bool
) -> None:
    """Examine server, account, package, local store and this machine. Writes nothing.

    It works with every account and says of each job what the account lacks for it.
    """
    from dataclasses import asdict

    from tpi_dhis2.doctor.run import examine

    found = []
    for finding in examine(lambda: named_account(url, username, profile), store_url):
        found.append(finding)
        if not as_json:
            _show(finding)
    trouble = sum(finding.is_trouble for finding in found)
    if as_json:
        print_json({"trouble": trouble, "findings": [asdict(finding) for finding in found]})
    else:
        click.echo(f"{trouble} to be seen to." if trouble else "Nothing to be seen to.")
    if exit_code and trouble:
        raise click.exceptions.Exit(3)


def _show(finding: Finding) -> None:
    level = click.style(f"{finding.level:<5}", fg=_COLOURS[finding.level])
    click.echo(f"{level} {finding.name}: {finding.text}")
    for detail in finding.details[:_SHOWN]:
        click.echo(f"        - {detail}")
    if len(finding.details) > _SHOWN:
        click.echo(f"        - and {len(finding.details) - _SHOWN} more (--json lists all)")
    if finding.advice:
        click.echo(f"      {finding.advice}")
