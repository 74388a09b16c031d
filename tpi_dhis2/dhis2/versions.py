"""The DHIS2 versions this tool knows, and what differs between them on the wire: the one seam for it.

Each difference is as recorded from real servers: 2.40 takes the old names of tracker parameters and gives its lists as
``instances``; 2.41 gives the plural name; from 2.42 the pager says by a link whether there is another page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tpi_dhis2.errors import UnsupportedVersion

SUPPORTED = (40, 41, 42, 43)
_FORM = re.compile(r"^2\.(\d+)")


@dataclass(frozen=True)
class ServerVersion:
    """The version of a server, such as ``2.42.4.1``; ``minor`` is its second number."""

    text: str
    minor: int

    @classmethod
    def parse(cls, text: str) -> ServerVersion:
        """Read the version of a server; UnsupportedVersion when this tool does not know it."""
        match = _FORM.match(text)
        minor = int(match.group(1)) if match else 0
        if minor not in SUPPORTED:
            raise UnsupportedVersion(
                f"The server runs DHIS2 {text}; this tool works with 2.{SUPPORTED[0]} to 2.{SUPPORTED[-1]}.",
                "Use a tpi-dhis2 release for that version, or another server.",
            )
        return cls(text, minor)

    @property
    def short(self) -> str:
        """The version as packages name it, such as ``2.42``."""
        return f"2.{self.minor}"

    @property
    def entities_key(self) -> str:
        """The key of the list in a page of tracked entities."""
        return "instances" if self.minor == 40 else "trackedEntities"

    @property
    def links_pages(self) -> bool:
        """Whether a page says by ``pager.nextPage`` that there is another."""
        return self.minor >= 42

    def entities_by_id(self, uids: list[str]) -> dict[str, str]:
        """The parameters that ask for tracked entities by UID."""
        return {"trackedEntity": ";".join(uids)} if self.minor == 40 else {"trackedEntities": ",".join(uids)}

    def within(self, unit: str | None) -> dict[str, str]:
        """The parameters for the units to look in: a unit with all below it, or all that the account may read."""
        names = ("orgUnit", "ouMode") if self.minor == 40 else ("orgUnits", "orgUnitMode")
        return {names[0]: unit, names[1]: "DESCENDANTS"} if unit else {names[1]: "ACCESSIBLE"}

    @property
    def everywhere(self) -> dict[str, str]:
        """The parameter for all units of the server, which needs a right of its own."""
        return {"ouMode" if self.minor == 40 else "orgUnitMode": "ALL"}

    @property
    def stores_type_short_name(self) -> bool:
        """Whether the short name of a tracked entity type is stored (required from 2.42)."""
        return self.minor >= 42

    @property
    def returns_raw_periods(self) -> bool:
        """Whether the periods of a visualization are read and given back under that name; 2.41 does neither."""
        return self.minor != 41
