"""Whether a value fits a value type, and an option set."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from tpi_dhis2.sandbox.ids import is_uid, parse_date
from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.state import State

LONGEST = 50000
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"[0-9+\(\)#\.\s/ext-]{6,50}")
TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
URL = re.compile(r"https?://\S+|www\.\S+")
INTEGER = re.compile(r"-?(0|[1-9]\d*)")
COORDINATE = re.compile(r"\[\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\]")
LONGITUDE, LATITUDE = 180, 90


def _number(text: str) -> float | None:
    if not re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _between(least: float, most: float) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        number = _number(text)
        return number is not None and least <= number <= most

    return fits


def _integer(least: float, most: float = math.inf) -> Callable[[str], bool]:
    return lambda text: INTEGER.fullmatch(text) is not None and least <= int(text) <= most


def _date(text: str) -> bool:
    return re.match(r"\d{4}-\d{2}-\d{2}", text) is not None and parse_date(text) is not None


def _date_time(text: str) -> bool:
    return "T" in text and _date(text)


def _coordinate(text: str) -> bool:
    match = COORDINATE.fullmatch(text)
    return match is not None and abs(float(match[1])) <= LONGITUDE and abs(float(match[2])) <= LATITUDE


FITS: dict[str, Callable[[str], bool]] = {
    "NUMBER": lambda text: _number(text) is not None,
    "UNIT_INTERVAL": _between(0, 1),
    "PERCENTAGE": _between(0, 100),
    "INTEGER": _integer(-math.inf),
    "INTEGER_POSITIVE": _integer(1),
    "INTEGER_NEGATIVE": _integer(-math.inf, -1),
    "INTEGER_ZERO_OR_POSITIVE": _integer(0),
    "BOOLEAN": lambda text: text.lower() in ("true", "false", "0", "1", "t", "f"),
    "TRUE_ONLY": lambda text: text.lower() in ("true", "1", "t"),
    "DATE": _date,
    "AGE": _date,
    "DATETIME": _date_time,
    "TIME": lambda text: TIME.fullmatch(text) is not None,
    "PHONE_NUMBER": lambda text: PHONE.fullmatch(text) is not None,
    "EMAIL": lambda text: EMAIL.fullmatch(text) is not None,
    "URL": lambda text: URL.fullmatch(text) is not None,
    "LETTER": lambda text: len(text) == 1 and text.isalpha(),
    "COORDINATE": _coordinate,
    "FILE_RESOURCE": is_uid,
    "IMAGE": is_uid,
}


def fits_type(state: State, kind: str, value: str) -> bool:
    """Say whether a value fits a value type."""
    if len(value) > LONGEST:
        return False
    if kind == "ORGANISATION_UNIT":
        return state.get("organisationUnits", value) is not None
    if kind == "USERNAME":
        return bool(state.found("users", value_of("username"), value))
    return kind not in FITS or FITS[kind](value)


def option_codes(state: State, uid: str) -> set[str]:
    """Return the codes of an option set; in lower case on 2.40, which does not tell the cases apart."""
    options = [state.get("options", ref["id"]) for ref in state.get("optionSets", uid).get("options") or []]
    codes = {option["code"] for option in options if option}
    return {code.lower() for code in codes} if state.minor == 40 else codes


def fits_options(minor: int, kind: str, codes: set[str], value: str) -> bool:
    """Say whether a value is one of the codes of an option set, or for a multi-text one several of them."""
    if kind == "MULTI_TEXT" and minor > 40:
        parts = value.split(",")
        return all(part in codes for part in parts) and (minor >= 43 or len(set(parts)) == len(parts))
    return (value.lower() if minor == 40 else value) in codes


def as_text(value: object) -> str | None:
    """Return a sent value as the text that is stored; null, lists and the empty text are none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str) and value != "":
        return str(value)
    return None
