"""What a run is about to change is kept in a file before anything is sent, with what it takes to undo the run."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tpi_dhis2.errors import UsageError
from tpi_dhis2.provision.installed import Installed, installed_of
from tpi_dhis2.provision.sealed import read_sealed, write_sealed

Json = dict[str, Any]
Objects = dict[str, list[Json]]

KIND = "backup"
_ADVICE = "Restore the file from where you keep copies, or put the server back with a backup of its database."


@dataclass(frozen=True)
class Backup:
    """A run as its backup has it: the objects before it and as they were sent, and what was recorded as installed.

    An object that is only in ``sent`` was created, one that is only in ``before`` was removed.
    """

    id: str
    what: str
    server: str
    system: str
    dhis2: str
    before: Objects
    sent: Objects
    installed: Installed | None


def backup_folder() -> Path:
    """Where backups are kept unless told otherwise: in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("tpi-dhis2") / "backups"


def moment() -> str:
    """Now, as backups and runs are named: to the hundredth of a second."""
    now = dt.datetime.now(dt.UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 10000:02}"


def write_backup(folder: Path, backup: Backup) -> tuple[Path, str]:
    """Write a backup; its path and checksum. UsageError when it cannot be written; then nothing must be sent."""
    path = folder / f"{backup.what}-{backup.id}.json"
    try:
        installed = asdict(backup.installed) if backup.installed else None
        # ``asdict`` on all of it would copy every object of the server.
        return path, write_sealed(path, KIND, {**vars(backup), "installed": installed})
    except OSError as error:
        raise UsageError(
            f"The backup {path} cannot be written, so nothing was sent.",
            "Free space or name another folder with --backups.",
            str(error),
        ) from error


def read_backup(path: Path, expected: str = "") -> Backup:
    """A backup as it was written; UsageError when it is damaged, edited, or not the one that is ``expected``."""
    found = read_sealed(path, KIND, _ADVICE)
    if expected and found["checksum"] != expected:
        raise UsageError(f"{path} is another backup than the one that the server's record names.", _ADVICE)
    texts = {key: str(found[key]) for key in ("id", "what", "server", "system", "dhis2")}
    return Backup(**texts, before=found["before"], sent=found["sent"], installed=installed_of(found["installed"] or {}))
