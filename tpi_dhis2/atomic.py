"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a text file as ``write_bytes`` does, with the line ends of the text."""
    write_bytes(path, text.encode("utf-8"), private=private)


def write_bytes(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file as ``whole_file`` does."""
    with whole_file(path, private=private) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Write a file by way of a part beside it, on the disk before it takes its name; an error leaves nothing behind.

    A private one is its owner's alone where the system knows such a thing.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            if private:
                part.chmod(0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
