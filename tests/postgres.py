"""A PostgreSQL server of the tests' own: started when a test asks for it, stopped and thrown away at the end."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pg8000.dbapi

_TRIES = 3
_SECONDS = 60
MISSING = "there is no PostgreSQL here (initdb and postgres; Debian's package is postgresql)"


class Cluster:
    """A running server that lets everybody in from this machine; each database of it is a test's own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._numbers = itertools.count(1)

    def connect(self, database: str = "postgres") -> Any:
        """A connection as its superuser."""
        found = pg8000.dbapi.connect(user="tpi", host="127.0.0.1", port=self.port, database=database)
        found.autocommit = True
        return found

    def new(self) -> str:
        """The address of a new, empty database."""
        name = f"store{next(self._numbers)}"
        with closing(self.connect()) as connection:
            connection.cursor().execute(f"create database {name}")
        return f"postgresql://tpi:Geheim-wort@127.0.0.1:{self.port}/{name}"


def programs() -> Path | None:
    """The folder with the server's programs, if it is installed; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    folders = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        *([Path(found).parent] if found else []),
    ]
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


def _user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it is somebody else."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody", "extra_groups": []}


@contextmanager
def cluster(folder_of_programs: Path) -> Iterator[Cluster]:
    """Start a server in a folder of its own."""
    user = _user()
    with tempfile.TemporaryDirectory(prefix="tpi-postgres-", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, user["user"])
        data = Path(folder) / "data"
        command = [folder_of_programs / "initdb", "-D", data, "-U", "tpi", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([*command, "--no-sync"], check=True, capture_output=True, cwd=folder, **user)  # noqa: S603
        process, port = _started(folder_of_programs, data, user)
        try:
            yield Cluster(port)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, whoever is connected
            process.wait(_SECONDS)


def _started(folder_of_programs: Path, data: Path, user: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    """A server that answers; another process may take the port between the question for a free one and the start."""
    for _ in range(_TRIES):
        port = _free_port()
        settings = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "listen_addresses=127.0.0.1"]
        command = [folder_of_programs / "postgres", "-D", data, "-p", str(port), "-k", data.parent, *settings]
        log = (data.parent / "log").open("ab")
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=data.parent, **user)  # noqa: S603
        log.close()
        if _answers(process, port):
            return process, port
    raise RuntimeError((data.parent / "log").read_text("utf-8"))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            Cluster(port).connect().close()
        except (pg8000.dbapi.Error, OSError):
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False
