"""How far the clock of this machine is from the server's, as well as one request can tell.

The ``Date`` of an answer comes first: it is told in GMT, whatever zone a server lives in. Where it is missing the time
that a DHIS2 tells of itself counts, read in the zone that it names. Either was told somewhen between the sending of the
request and its answer; the middle is taken, and half of the span is what cannot be known.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from tpi_dhis2.dhis2.client import Client

#: A Date is told in whole seconds.
_WHOLE = 0.5


@dataclass(frozen=True)
class Difference:
    """Seconds that this machine is ahead of the server (below zero: behind), give or take ``margin``."""

    seconds: float
    margin: float

    @property
    def at_least(self) -> float:
        """What it is at the least, whichever way it goes."""
        return max(0.0, abs(self.seconds) - self.margin)


def clock_difference(client: Client) -> Difference | None:
    """The difference; None when the server tells no time that can be read."""
    before = time.time()
    answer = client.ask("GET", "system/info")
    return difference(answer.date, answer.body or {}, before, time.time())


def difference(date: str, info: Mapping[str, Any], before: float, after: float) -> Difference | None:
    """The difference, from what an answer told and when its request was sent and answered here."""
    middle, margin = (before + after) / 2, abs(after - before) / 2
    told = _of_header(date)
    if told is not None:
        return Difference(middle - (told + _WHOLE), margin + _WHOLE)
    told = _of_info(info)
    return None if told is None else Difference(middle - told, margin)


def _of_header(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _of_info(info: Mapping[str, Any]) -> float | None:
    try:
        zone = ZoneInfo(str(info["serverTimeZoneId"]))
        told = dt.datetime.fromisoformat(str(info["serverDate"]))
        return (told if told.tzinfo else told.replace(tzinfo=zone)).timestamp()
    except (KeyError, ValueError, OSError, OverflowError):
        # No zone, one that this machine does not know, or no time.
        return None
