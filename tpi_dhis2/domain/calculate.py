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


def of_priority(priority: Record) -> Calculated:
    """Impact times feasibility (1 to 25), and what is missing from the baseline to the desired value.

    The gap is positive while the standard is not met, whichever way the measure should go.
    """
    impact, feasibility = priority.number("impact"), priority.number("feasibility")
    start, goal = priority.number("baseline"), priority.number("desired")
    wanted = measures.direction(priority)
    known = impact is not None and feasibility is not None
    gap = None
    if start is not None and goal is not None and wanted is not None:
        gap = goal - start if wanted == measures.HIGHER else start - goal
    return {
        "priority_score": plain((impact or 0) * (feasibility or 0)) if known else None,
        "gap": plain(gap),
    }


def of_plan(plan: Record) -> Calculated:
    """The day on which the plan became joint: the later of both signatures, when both are there."""
    host, partner = plan.day("plan_host_signed"), plan.day("plan_partner_signed")
    return {"plan_signed_on": max(host, partner).isoformat() if host and partner else None}


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
    alone = {"priority": of_priority, "plan": of_plan, "functioning": of_functioning}.get(record.kind)
    return alone(record) if alone else {}
