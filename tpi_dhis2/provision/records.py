"""Whether partnership records hang on the package: no more is read of them than it takes to know."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.tracker import Tracker

#: Types whose objects records hold values of or stand in.
OF_RECORDS = ("trackedEntityTypes", "programs", "programStages", "trackedEntityAttributes", "dataElements",
              "optionSets", "options")  # fmt: skip


@dataclass(frozen=True)
class Records:
    """Whether there are living records; or, without any, deleted ones that the server still keeps."""

    living: bool
    deleted: bool

    @property
    def any(self) -> bool:
        """Whether the server would miss what records hang on: it counts the deleted ones, too."""
        return self.living or self.deleted


def read_records(client: Client, program: str) -> Records:
    """Ask for records of the program until it is known."""
    kept = False
    for page in Tracker(client, program).anywhere():
        if not all(entity.get("deleted") for entity in page):
            return Records(True, False)
        kept = True
    return Records(False, kept)


def keeps_deleted(client: Client, program: str) -> bool:
    """Whether the server keeps a deleted record of the program, also beside living ones."""
    return any(entity.get("deleted") for page in Tracker(client, program).anywhere() for entity in page)
