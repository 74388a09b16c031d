"""What goes wrong with a database, in one plain line with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL

from tpi_dhis2.errors import StoreProblem
from tpi_dhis2.store.address import file_of, shown

_NOT_SENT = "what was not stored was not sent."
_DAMAGED = (
    "It is damaged or only a part of a file: copy it again together with its -wal file, or move it away and pull again."
)
_FULL = f"Free space on its disk, then run this again; {_NOT_SENT}"
_RIGHTS = "Check the rights of the file and its folder; a copy that has a -wal file is read in a folder you can write."
#: By the second word of SQLite's own names of errors (https://sqlite.org/rescode.html).
_ADVICE = {
    "NOTADB": _DAMAGED,
    "CORRUPT": _DAMAGED,
    "FULL": _FULL,
    "IOERR": _FULL,
    "READONLY": _RIGHTS,
    "CANTOPEN": _RIGHTS,
    "BUSY": "Another program has the file open: close it, then run this again.",
}


@contextmanager
def told(address: URL, *kinds: type[Exception]) -> Iterator[None]:
    """Say of anything that goes wrong with the database which store it is and what to do: StoreProblem."""
    try:
        yield
    except ImportError as error:
        raise StoreProblem(
            f"The driver for {shown(address)} is not installed.", f"Install it: pip install {error.name}", str(error)
        ) from error
    except kinds as error:
        raise StoreProblem(
            f"The store {shown(address)} cannot be used: {_reason(error)}.", _advice(address, error), str(error)
        ) from error


def _cause(error: Exception) -> Exception:
    return getattr(error, "orig", None) or error


def _reason(error: Exception) -> str:
    """The database's own words; pg8000 gives the fields of PostgreSQL's message, M is what people read of them."""
    cause = _cause(error)
    first = cause.args[0] if cause.args else ""
    text = str(first.get("M", first) if isinstance(first, dict) else cause) or type(cause).__name__
    return text.splitlines()[0].rstrip(".")


def _advice(address: URL, error: Exception) -> str:
    name = getattr(_cause(error), "sqlite_errorname", "")
    if name:
        return _ADVICE.get(name.split("_")[1], f"Check the file, free space and rights; {_NOT_SENT}")
    if file_of(address) is not None:
        return f"Check the address in TPI_DHIS2_STORE, free space and rights; {_NOT_SENT}"
    return f"Check the address in TPI_DHIS2_STORE, and that its database answers; {_NOT_SENT}"
