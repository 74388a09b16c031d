"""What an examination finds: a level, the name of the check, one plain line, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tpi_dhis2.errors import TpiError

OK, NOTE, WARN, BAD = "ok", "note", "warn", "bad"
#: What a check may end with: an error of ours, or an answer that is not what a DHIS2 gives.
TROUBLE = (TpiError, AttributeError, KeyError, TypeError, ValueError)
Read = TypeVar("Read")
_LATER = "Try again later; if it stays so, ask the administrator of the server, or report it."


@dataclass(frozen=True)
class Finding:
    """One line: ``ok`` is well, ``note`` good to know, ``warn`` and ``bad`` are to be seen to."""

    level: str
    name: str
    text: str
    advice: str = ""
    details: tuple[str, ...] = ()

    @property
    def is_trouble(self) -> bool:
        """Whether somebody should see to it."""
        return self.level in (WARN, BAD)


def of_error(name: str, error: Exception) -> Finding:
    """A finding for what went wrong, with the advice that comes with it."""
    if isinstance(error, TpiError):
        return Finding(BAD, name, str(error), error.advice or _LATER)
    return Finding(BAD, name, f"The server's answer cannot be read ({type(error).__name__}: {error}).", _LATER)


def tried(name: str, read: Callable[[], Read]) -> tuple[Read | None, list[Finding]]:
    """What is read, or a finding for why it could not be."""
    try:
        return read(), []
    except TROUBLE as error:
        return None, [of_error(name, error)]


def guarded(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a check finds; what stops it is a finding, too, and stops no other check."""
    found, trouble = tried(name, lambda: list(check()))
    return [*(found or []), *trouble]
