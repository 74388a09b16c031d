"""The options of option sets, by code: ours as the package says them, the site's as the server has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.provision.read import batches

Json = dict[str, Any]


class Options:
    """Codes and UIDs of options by their set; those of a set not at hand are read when asked for."""

    def __init__(self, metadata: Metadata, items: Iterable[Json]) -> None:
        self.metadata = metadata
        self._sets: dict[str, dict[str, str]] = {}
        self._take(items)

    def _take(self, items: Iterable[Json]) -> None:
        for item in items:
            self._sets.setdefault(item["optionSet"]["id"], {})[str(item.get("code"))] = item["id"]

    def read(self, sets: Iterable[str]) -> None:
        """Read the options of several sets at once."""
        missing = sorted(set(sets) - self._sets.keys())
        found = self.metadata.export([("options", f"optionSet.id:in:[{some}]") for some in batches(missing)])
        self._sets |= {uid: {} for uid in missing}
        self._take(found.get("options", []))

    def of(self, uid: str) -> Mapping[str, str]:
        """The UIDs of a set's options by code."""
        if uid not in self._sets:
            self.read([uid])
        return self._sets[uid]

    def lacking(self, ours: str, theirs: str) -> list[str]:
        """The codes of one set that another does not have."""
        return [code for code in self.of(ours) if code not in self.of(theirs)]

    def alike(self, ours: str, theirs: str) -> dict[str, str]:
        """The UIDs of another set's options by those of the options of ours with the same codes."""
        there = self.of(theirs)
        return {uid: there[code] for code, uid in self.of(ours).items() if code in there}
