"""What was named and is not there: said whole, and nothing is done unless somebody says to go on without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tpi_dhis2.errors import UsageError


@dataclass(frozen=True)
class Unknown:
    """Something that was named and is not there, or not for this account."""

    what: str
    name: str
    line: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}there is no {self.what} '{self.name}'" if self.name else f"{place}no {self.what} is named"


def refuse_unknown(unknown: Sequence[Unknown]) -> None:
    """Raise UsageError when something is unknown."""
    if unknown:
        more = f" (and {len(unknown) - 1} more like it)" if len(unknown) > 1 else ""
        raise UsageError(
            f"Nothing was changed: {unknown[0]}{more}.",
            "Mend the names; the account may not see everything. Or leave them out with --skip-unknown.",
            "\n".join(map(str, unknown)),
        )
