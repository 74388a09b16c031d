"""The calculated fields of a partnership: what DHIS2 cannot work out across events (design: program model).

Each function gives field key and value as DHIS2 stores it; None means that the field should be empty. They overwrite
only fields that the package marks as calculated, never one that a person fills.
"""

from __future__ import annotations

import datetime as dt

from tpi_dhis2.domain import functioning, measures
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.domain.steps import current_step

Calculated = dict[str, str | None]


def plain(number: float | None, decimals: int = 2) -> str | None:
    """A number as DHIS2 stores it: no exponent, no needless zeros; None stays None."""
    if number is None:
        return None
    text = f"{number:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def of_partnership(partnership: Partnership) -> Calculated:
    """The current step of the latest cycle."""
    cycle = partnership.latest
    return {"current_step": current_step(cycle) if cycle else None}


def of_target(target: Record, cycle: Cycle, today: dt.date) -> Calculated:
    """Latest value since the baseline and results of a target, from the measurements of its measure in its cycle."""
    measure = measures.Measure.of(target)
    found = measures.series(cycle, measure) if measure else []
    last = measures.latest(measures.follow_ups(target, found))
    return {
        "latest_value": plain(measures.value(last)) if last else None,
        "latest_date": last.occurred.isoformat() if last and last.date and last.occurred else None,
        "short_result": measures.result(target, "short", found, today),
        "long_result": measures.result(target, "long", found, today),
    }


def of_functioning(answers: Record) -> Calculated:
    """Domain scores and the score of the arm, from its own answers."""
    scores = {letter: functioning.domain_score(answers, letter) for letter in functioning.DOMAINS}
    calculated: Calculated = {f"pf_{letter}": plain(score) for letter, score in scores.items()}
    return {**calculated, "pf_score": plain(functioning.arm_score(answers))}


def of_record(record: Record, cycle: Cycle, today: dt.date) -> Calculated:
    """The calculated fields of a record; none for kinds that have none."""
    if record.kind == "target":
        return of_target(record, cycle, today)
    if record.kind == "functioning":
        return of_functioning(record)
    return {}
