"""What the tool costs: ``bench provision`` (also without a word) and ``bench sync``."""

from __future__ import annotations

import click
from bench_provision import provision
from bench_sync import sync


class _Bench(click.Group):
    """Takes what names no bench as options of the first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the bench that is meant."""
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["provision", *args])


@click.group(cls=_Bench, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure what the tool costs, on sandboxes or on the server in TPI_DHIS2_URL."""


main.add_command(provision)
main.add_command(sync)

if __name__ == "__main__":
    main()
