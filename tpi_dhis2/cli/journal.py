"""The log of scheduled runs: whole lines with time and process, added at the end, and never a secret."""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tpi_dhis2.errors import UsageError


class Journal:
    """A log file, or none; ``secrets`` are the texts that are not written."""

    def __init__(self, path: Path | None) -> None:
        self.secrets: Sequence[str] = ()
        self._lock = threading.Lock()
        self._file = _open(path) if path else -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file >= 0:
            os.close(self._file)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def write(self, text: str) -> None:
        """Add a line. A disk that fills up meanwhile stops the log, not the work."""
        if self._file < 0:
            return
        now = dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")
        line = f"{now} [{os.getpid()}] {self.clean(text)}\n".encode()
        with self._lock:
            try:
                whole = os.write(self._file, line) == len(line)
            except OSError:
                whole = False
            if not whole:
                os.close(self._file)
                self._file = -1
                sys.stderr.write("Warning: the log cannot be written any more; the work goes on.\n")


def _open(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        size = os.fstat(file).st_size
        # A run that was cut off may have left half a line; an empty write would not show a full disk.
        if size and os.pread(file, 1, size - 1) != b"\n":
            os.write(file, b"\n")
    except OSError as error:
        raise UsageError(
            f"The log {path} cannot be written: {error.strerror}. Nothing was sent.", "Name another with --log."
        ) from error
    return file
