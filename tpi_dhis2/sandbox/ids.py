"""UIDs and timestamps as DHIS2 writes them."""

from __future__ import annotations

import re
import secrets
import string
from datetime import UTC, datetime
from functools import lru_cache

UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
LETTERS = string.ascii_letters
CHARACTERS = string.ascii_letters + string.digits
DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?)?)?(Z|[+-]\d{2}:?\d{2})?")
DIGITS_OF_MILLISECONDS = 3


def new_uid() -> str:
    """Return a random UID."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(CHARACTERS) for _ in range(10))


def is_uid(text: object) -> bool:
    """Say whether a value has the form of a UID."""
    return isinstance(text, str) and UID.fullmatch(text) is not None


def timestamp(moment: datetime) -> str:
    """Return a moment in the server's form, milliseconds and no zone."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def parse_date(text: str) -> datetime | None:
    """Return the moment (UTC, no zone) that an ISO date or an epoch in milliseconds names, or None."""
    if text.lstrip("-").isdigit() and len(text) > len("2026"):
        return datetime.fromtimestamp(int(text) / 1000, UTC).replace(tzinfo=None)
    if not DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(_complete(text))
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _complete(text: str) -> str:
    """Return an ISO date with month, day and full minutes."""
    if re.fullmatch(r"\d{4}", text):
        return text + "-01-01"
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return text + "-01"
    return text


def full_date(value: object) -> str | None:
    """Return a date or epoch as a full timestamp, or None when it is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return _full_date(str(value))


@lru_cache(maxsize=4096)
def _full_date(text: str) -> str | None:
    """Return a date as a timestamp; an import names the same few days again and again."""
    moment = parse_date(text)
    return timestamp(moment) if moment else None
