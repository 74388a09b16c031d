"""What a target has gained since its baseline, and whether the gain lasts (reference: domain page 2.4, own design)."""

from __future__ import annotations

from collections.abc import Sequence

from tpi_dhis2.domain import measures
from tpi_dhis2.domain.numbers import difference
from tpi_dhis2.domain.records import Record


def change(target: Record, measurements: Sequence[Record]) -> float | None:
    """From the baseline to the newest follow-up, in the unit of the measure; None when either is missing."""
    start, last = measures.baseline(target, measurements), measures.latest(measures.follow_ups(target, measurements))
    now = measures.value(last) if last is not None else None
    return None if start is None or now is None else difference(now, start)


def kept(target: Record, measurements: Sequence[Record]) -> bool | None:
    """Whether the newest measurement made later, to see what lasted, is better than the baseline; None without one."""
    later = [record for record in measurements if record.text("point") == "LATER"]
    gained = measures.directed(change(target, [*later, *measures.starts(measurements)]), target)
    return None if gained is None else gained > 0
