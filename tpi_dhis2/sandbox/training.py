"""The accounts of a sandbox that people train with: those that still have a password that everybody may know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tpi_dhis2.sandbox.accounts import password_fits
from tpi_dhis2.sandbox.state import State

#: Of the account of a fresh server, and of those that are made for a training.
PASSWORDS = ("district", "Training-2026")
#: What the account of a fresh server is for; others say it in their job title.
SUPERUSER = "may do everything: installs the package, assigns units and people"

_fits = lru_cache(maxsize=4096)(password_fits)


@dataclass(frozen=True)
class Known:
    """An account that may be printed: its name, its password, and what it is for."""

    username: str
    password: str
    purpose: str


def known_accounts(state: State) -> list[Known]:
    """Return the accounts with a training password, in the order in which they were made."""
    found = []
    for user in state.table("users").values():
        stored = state.get("passwords", user["username"])
        fitting = [password for password in PASSWORDS if stored and _fits(password, stored)]
        if fitting and not user.get("disabled"):
            purpose = user.get("jobTitle") or (SUPERUSER if user["username"] == "admin" else "")
            found.append(Known(user["username"], fitting[0], purpose))
    return found
