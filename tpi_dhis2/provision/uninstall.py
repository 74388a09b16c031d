"""Take the package off a server: only without tracker data, and with what was there kept in a file.

A run that was cut off is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.jobs import Clock, tell_nobody, turns
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import ServerFailed, StateChanged, TooSlow, TpiError, Unreachable
from tpi_dhis2.provision.backup import Backup, moment, write_backup
from tpi_dhis2.provision.hanging import hanging
from tpi_dhis2.provision.installed import forget_installed, read_installed
from tpi_dhis2.provision.records import Records, keeps_deleted, read_records
from tpi_dhis2.provision.remove import ORDER, Told, remove_all

Json = dict[str, Any]

#: 520 events took a recorded 2.41 44 seconds, and a server may keep some thousands.
REMOVAL_SECONDS = 1800.0
#: What a proxy says that waits no longer for the server behind it.
_GAVE_UP = 504


@dataclass(frozen=True)
class Removal:
    """What of ours is on the server, by type in the order of removal, and what stands in the way."""

    found: dict[str, list[Json]]
    records: Records
    local: list[str]

    @property
    def count(self) -> int:
        """How many objects would go."""
        return sum(len(items) for items in self.found.values())

    def refuse(self) -> None:
        """StateChanged when data or the site's own objects hang on the package."""
        if self.records.living:
            raise StateChanged(
                "There are partnership records on this server, so the package stays.",
                "Delete the records in the Capture app first, if nobody needs them any more.",
            )
        if self.records.deleted:
            raise StateChanged(
                "There are deleted partnership records that this server still keeps, so the package stays.",
                "Add --remove-deleted: the server then removes for good whatever was deleted, of all its programs.",
            )
        if self.local:
            raise StateChanged(
                f"The site's own hangs on the package, so it stays: {self.local[0]}{_more(self.local)}.",
                "It would go with the package or hold it half removed. Move or delete it first; --verbose lists all.",
                "\n".join(self.local),
            )


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def plan_removal(client: Client, pinned: Mapping[str, Sequence[str]], program: str) -> Removal:
    """What an uninstall would remove; ``pinned`` are the UIDs of all versions by type. Writes nothing."""
    metadata = Metadata(client)
    found = {kind: metadata.named(kind, "id", pinned[kind], ":owner") for kind in ORDER if kind in pinned}
    found = {kind: items for kind, items in found.items() if items}
    known = {item["id"] for items in found.values() for item in items}
    present = program in known
    records = read_records(client, program) if present else Records(False, False)
    return Removal(found, records, hanging(metadata, program, found) if present else [])


def remove_deleted(
    client: Client, program: str, told: Callable[[str], None] = tell_nobody, clock: Clock | None = None
) -> None:
    """Let the server's maintenance remove for good what was deleted, of all programs (names of all versions).

    A server that does not answer in time goes on; then it is looked at until no deleted record of the program is
    left, for tracked entities go last (``MaintenanceController``, 2.40 to 2.43). TooSlow, or ServerFailed of a proxy
    that gave up, when some are left after REMOVAL_SECONDS.
    """
    flags = ("Relationship", "Event", "Enrollment", "TrackedEntity", "TrackedEntityInstance")
    try:
        client.ask("POST", "maintenance", params={f"softDeleted{name}Removal": "true" for name in flags})
    except TpiError as error:
        if not (isinstance(error, TooSlow) or error.status == _GAVE_UP):
            raise
        told("the server works on it without an answer; looking until it is done")
        if not _is_removed(client, program, clock or Clock()):
            raise


def _is_removed(client: Client, program: str, clock: Clock) -> bool:
    """Wait until the server keeps no deleted record any more; whether it came to that."""
    end = clock.now() + REMOVAL_SECONDS
    for now in turns(clock):
        # A server that is busy with it may not answer now, and answer later.
        with suppress(Unreachable, ServerFailed):
            if not keeps_deleted(client, program):
                return True
        if now > end:
            break
    return False


def uninstall(client: Client, removal: Removal, backups: Path, told: Told = lambda _kind, _count: None) -> Path | None:
    """Remove what a plan found, type by type; the file with what was removed.

    ServerRefused names the first type that the server holds on to; what was removed before stays removed, and the same
    call goes on from there. StateChanged when records or the site's own objects stand in the way.
    """
    removal.refuse()
    kept = _keep(client, removal, backups) if removal.count else None
    uids = {kind: [item["id"] for item in items] for kind, items in removal.found.items()}
    try:
        remove_all(Metadata(client), uids, told)
        forget_installed(client)
    except TpiError as error:
        # The next call keeps only what is left by then, so this file is the one to go back with.
        if kept:
            error.args = (f"{error} What was there is kept in {kept}; 'provision rollback --file' brings it back.",)
        raise
    return kept


def _keep(client: Client, removal: Removal, backups: Path) -> Path:
    system, version = client.system, client.version.text
    backup = Backup(moment(), "uninstall", client.base, system, version, removal.found, {}, read_installed(client))
    return write_backup(backups, backup)[0]
