"""``scripts/contract [VERSION ...] [--verbose]``: how far the sandbox answers as the recorded servers did."""

from __future__ import annotations

import sys
from collections import Counter

import click

from tests.contract import lists
from tests.contract.recordings import ROOT, VERSIONS
from tests.contract.replay import Result, replay


@click.command()
@click.argument("versions", nargs=-1, type=click.Choice(VERSIONS))
@click.option("--verbose", is_flag=True, help="Tell the whole of each difference.")
def main(versions: tuple[str, ...], *, verbose: bool) -> None:
    """Replay the recorded exchanges against sandboxes. Exit code 1: one differs that is not on differs.txt."""
    if not ROOT.is_dir():
        raise click.ClickException(f"The recordings are not at {ROOT}.")
    found = [_tell(version, replay(version), 1000000 if verbose else 200) for version in versions or VERSIONS]
    sys.exit(0 if all(found) else 1)


def _tell(version: str, result: Result, width: int) -> bool:
    """Print what a replay found; say whether all that differs is listed."""
    known = {name: lists.line_for(lists.read("differs.txt"), name, version) for name in result.differing}
    click.echo(f"{version}: {len(result.outcomes) - len(known)} of {len(result.outcomes)} agree")
    for name, line in known.items():
        click.echo(f"  {name} ({line.reason if line else 'NOT LISTED'})\n    {result.differing[name][:width]}")
    click.echo(f"  {len(result.outside)} are outside of what is used:")
    for reason, count in Counter(line.reason for line in result.outside.values()).most_common():
        click.echo(f"    {count:4} {reason}")
    return all(known.values())


if __name__ == "__main__":
    main()
