"""What a server is and has, before anything is done there: for the question whether to begin, and for the report."""

from __future__ import annotations

import datetime as dt
import os
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tests.live.exchanges import masked
from tests.live.names import PREFIX
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.errors import NotFound
from tpi_dhis2.package.release import bundle
from tpi_dhis2.provision.ours import pinned

#: What a server that is in use has: records cannot be without units, programs or data sets.
KINDS = ("organisationUnits", "programs", "dataSets", "trackedEntityTypes", "dashboards")


#: Where a server says for which period types it builds tables of analytics.
PERIODS = "configuration/dataOutputPeriodTypes"


def lacks_periods(client: Client) -> bool:
    """From 2.43 on no table of events can be built while no period types are chosen; the sandbox has no tables."""
    return client.version.minor >= 43 and client.info.get("revision") != "sandbox" and not client.get(PERIODS)


class Server:
    """A server and the account on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.began = dt.datetime.now().astimezone()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many objects of each type are there that are not ours."""
        return {kind: self._others(kind) for kind in KINDS}

    def _others(self, kind: str) -> int:
        ours = pinned().get(kind, set())
        try:
            params = {"fields": "id,name", "filter": f"name:!like:{PREFIX}", "paging": "false"}
            items = self.client.get_object(kind, params)[kind]
        except NotFound:  # a sandbox has no data sets
            return 0
        return len([item for item in items if item["id"] not in ours])

    @property
    def has_data(self) -> bool:
        """Whether anything is there that is not ours."""
        return any(self.counts.values())

    @property
    def told(self) -> str:
        """The counts in a line."""
        return ", ".join(f"{count} {kind}" for kind, count in self.counts.items())

    @cached_property
    def me(self) -> dict[str, Any]:
        """The account."""
        return self.client.get_object("me", {"fields": "username,authorities"})

    @property
    def account(self) -> str:
        """What kind of account it is."""
        rights = "superuser" if "ALL" in self.me["authorities"] else "no superuser: much will be refused"
        return f"{self.me['username']} ({rights}, by {'token' if self.client.account.token else 'password'})"

    def lines(self) -> list[str]:
        """What is there, in three lines."""
        info = self.client.info
        return [
            f"{self.client.base}: DHIS2 {info['version']}, '{info.get('systemName', '')}'",
            f"as {self.account}",
            f"there, besides what is ours: {self.told}{self._without_numbers}",
        ]

    @property
    def _without_numbers(self) -> str:
        """Why the numbers are going to be skipped, to be known before somebody agrees."""
        skipped = os.environ.get("TPI_LIVE_PERIODS") != "1" and lacks_periods(self.client)
        return "; no period types are chosen, so the numbers are skipped without --set-periods" if skipped else ""

    def facts(self, units: str, seconds: float) -> dict[str, str]:
        """What the report tells of server, account and run."""
        info = self.client.info
        build = f"revision {info.get('revision', 'not told')}, built {info.get('buildTime', 'not told')}"
        return {
            "Server": masked(self.client.base),
            "System": str(info.get("systemName", "")),
            "DHIS2": f"{info['version']}, {build}",
            "Database": str((info.get("databaseInfo") or {}).get("databaseVersion", "not told")),
            "Java": str(info.get("javaVersion", "not told")),
            "Account": self.account,
            "Found there": self.told,
            "Facilities": units,
            "Package": str(bundle(self.client.version.short)["package"]["version"]),
            "tpi-dhis2": _own_version(),
            "Begun": self.began.isoformat(sep=" ", timespec="minutes"),
            "Took": f"{seconds / 60:.0f} min {seconds % 60:.0f} s",
        }


def _own_version() -> str:
    try:
        return version("tpi-dhis2")
    except PackageNotFoundError:
        return "not installed"
