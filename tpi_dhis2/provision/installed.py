"""The server's own record of which package is installed and of every run that changed it, kept in its dataStore."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.mapping import KEY, NAMESPACE
from tpi_dhis2.dhis2.metadata import DataStore

#: Runs that are remembered, the newest last.
_KEPT = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run that changed the server: what it left installed, when, by whom, and the file with what was before.

    ``id`` is the moment of its backup; ``version`` is empty while the run has begun and not ended; ``backup`` is the
    file's name without the folder and ``checksum`` what it must contain.
    """

    id: str
    what: str
    version: str
    applied: str
    by: str
    backup: str
    checksum: str


@dataclass(frozen=True)
class Installed:
    """What is installed: the package's version and digest, the DHIS2 version it was built for, since when and by whom.

    The version is empty while a first installation has begun and not ended.
    ``mapping`` names the site's objects that are used instead of ours, by the UID of ours; ``runs`` what led here.
    """

    version: str
    digest: str
    dhis2: str
    applied: str
    by: str
    mapping: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)


def read_installed(client: Client) -> Installed | None:
    """The record; None when there is none or when it is not one of ours."""
    return installed_of(DataStore(client, NAMESPACE).get(KEY) or {})


def installed_of(found: Json) -> Installed | None:
    """The record in a JSON object; None when it is not one of ours."""
    try:
        texts = {key: str(found[key]) for key in ("version", "digest", "dhis2", "applied", "by")}
        runs = [Run(**{key: str(run[key]) for key in Run.__dataclass_fields__}) for run in found.get("runs", [])]
        mapping = {str(ours): str(theirs) for ours, theirs in dict(found.get("mapping", {})).items()}
    except (KeyError, TypeError, ValueError):
        return None
    return Installed(**texts, mapping=mapping, runs=runs)


def write_installed(client: Client, record: Installed) -> Installed:
    """Record what is installed now; the oldest runs are forgotten."""
    kept = replace(record, runs=record.runs[-_KEPT:])
    DataStore(client, NAMESPACE).put(KEY, asdict(kept))
    return kept


def forget_installed(client: Client) -> None:
    """Take the record off the server."""
    DataStore(client, NAMESPACE).delete(KEY)
