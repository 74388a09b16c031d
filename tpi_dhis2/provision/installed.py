"""The server's own record of which package is installed, kept in its dataStore."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import DataStore

NAMESPACE = "tpi-dhis2"
KEY = "package"


@dataclass(frozen=True)
class Installed:
    """What was applied last: the package's version and digest, the DHIS2 version it was built for, when and by whom."""

    version: str
    digest: str
    dhis2: str
    applied: str
    by: str


def read_installed(client: Client) -> Installed | None:
    """The record; None when there is none or when it is not one of ours."""
    found = DataStore(client, NAMESPACE).get(KEY) or {}
    try:
        return Installed(**{key: str(found[key]) for key in Installed.__dataclass_fields__})
    except KeyError:
        return None


def write_installed(client: Client, version: str, digest: str) -> Installed:
    """Record that a package is installed now."""
    by = str(client.get_object("me", {"fields": "username"}).get("username", ""))
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    record = Installed(version, digest, client.version.text, now, by)
    DataStore(client, NAMESPACE).put(KEY, asdict(record))
    return record
