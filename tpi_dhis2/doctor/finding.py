"""What an examination finds: a level, the name of the check, one plain line, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tpi_dhis2.errors import TpiError

OK, NOTE, WARN, BAD = "ok", "note", "warn", "bad"
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


def of_error(name: str, error: TpiError) -> Finding:
    """A finding for what went wrong, with the advice that comes with it."""
    return Finding(BAD, name, str(error), error.advice or _LATER)


def guarded(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a check finds; what stops it is a finding, too, and stops no other check."""
    try:
        return list(check())
    except TpiError as error:
        return [of_error(name, error)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        words = f"The server's answer to this cannot be read ({type(error).__name__}: {error})."
        return [Finding(BAD, name, words, _LATER)]
