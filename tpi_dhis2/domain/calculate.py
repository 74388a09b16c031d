"""The calculated fields of a partnership (design: program model).

Those of one record alone a program rule fills in, too, from the same arithmetic (``metadata/rules.yaml``, held together
by ``tests/rules/test_same_arithmetic.py``). Those across records only this tool can work out, for DHIS2 cannot.

Each function gives field key and value as DHIS2 stores it; None means that the field should be empty, and a key that is
not there that nothing is known: what stands there stays. They overwrite only fields that the package marks as
calculated, never one that a person fills.
"""

from __future__ import annotations

import datetime as dt

from tpi_dhis2.domain import functioning, gains, measures, work
from tpi_dhis2.domain.numbers import difference, plain
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.domain.steps import current_step

Calculated = dict[str, str | None]


def of_partnership(partnership: Partnership, today: dt.date) -> Calculated:
    """The current step of the latest cycle, and when something was last done in it."""
    cycle = partnership.latest
    last = work.last_action(cycle, today) if cycle else None
    return {
        "current_step": current_step(cycle) if cycle else None,
        "last_action": last.isoformat() if last else None,
    }


def of_priority(priority: Record) -> Calculated:
    """Impact times feasibility (1 to 25), and what is missing from the baseline to the desired value.

    The gap is positive while the standard is not met, whichever way the measure should go.
    """
    impact, feasibility = priority.number("impact"), priority.number("feasibility")
    start, goal = priority.number("baseline"), priority.number("desired")
    known = impact is not None and feasibility is not None
    missing = None if start is None or goal is None else difference(goal, start)
    return {
        "priority_score": plain((impact or 0) * (feasibility or 0)) if known else None,
        "gap": plain(measures.directed(missing, priority)),
    }


def of_plan(plan: Record) -> Calculated:
    """The day on which the plan became joint: the later of both signatures, when both are there."""
    host, partner = plan.day("plan_host_signed"), plan.day("plan_partner_signed")
    return {"plan_signed_on": max(host, partner).isoformat() if host and partner else None}


def of_target(target: Record, cycle: Cycle, today: dt.date) -> Calculated:
    """Where a target stands and what became of it, from the measurements of its measure in its cycle."""
    found = measures.series(cycle, target.measure) if target.measure else []
    last = measures.latest(measures.follow_ups(target, found))
    change, kept = gains.change(target, found), gains.kept(target, found)
    return {
        "latest_value": plain(measures.value(last)) if last else None,
        "latest_date": last.occurred.isoformat() if last and last.date and last.occurred else None,
        "change": plain(change),
        "improvement": plain(measures.directed(change, target)),
        "short_result": measures.result(target, "short", found, today),
        "long_result": measures.result(target, "long", found, today),
        "gain_kept": None if kept is None else str(kept).lower(),
    }


def of_activity(activity: Record) -> Calculated:
    """The deadline that counts: the new one when it was moved, else the first."""
    due = work.deadline(activity)
    return {"deadline": due.first.isoformat() if due else None}


def of_measurement(measurement: Record) -> Calculated:
    """The value that follows from numerator and denominator; what a person wrote as the value stays as it is."""
    return {"rate": plain(measures.rate(measurement))}


def of_functioning(answers: Record) -> Calculated:
    """Domain scores and the score of the arm, from its own answers."""
    scores = functioning.domain_scores(answers)
    calculated: Calculated = {f"pf_{letter}": plain(scores.get(letter)) for letter in functioning.DOMAINS}
    return {**calculated, "pf_score": plain(functioning.of_domains(scores))}


def of_impact(impact: Record, cycle: Cycle) -> Calculated:
    """How the relation works, from what both arms answered in the round of an evaluation.

    Nothing when no answers of the round are at hand: who may not read them must not empty what others calculated.
    """
    asked = impact.text("evaluation_round")
    found = next((each for each in functioning.rounds(cycle) if asked and each.round == asked), None)
    if found is None or not found.arms:
        return {}
    domains = {f"functioning_{letter}": plain(found.domain(letter)) for letter in functioning.DOMAINS}
    together: Calculated = {"functioning_score": plain(found.score), "functioning_gap": plain(found.mean_gap)}
    return {"functioning_arms": str(found.arms), **together, **domains}


def of_record(record: Record, cycle: Cycle, today: dt.date) -> Calculated:
    """The calculated fields of a record; none for kinds that have none."""
    if record.kind == "target":
        return of_target(record, cycle, today)
    if record.kind == "impact":
        return of_impact(record, cycle)
    alone = _ALONE.get(record.kind)
    return alone(record) if alone else {}


#: What follows from one record alone; a program rule does it, too.
_ALONE = {
    "priority": of_priority,
    "plan": of_plan,
    "activity": of_activity,
    "measurement": of_measurement,
    "functioning": of_functioning,
}
