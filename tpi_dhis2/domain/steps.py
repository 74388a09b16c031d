"""The six steps of the cycle and the step that a cycle has reached."""

from __future__ import annotations

from tpi_dhis2.domain.pulled import is_pulled
from tpi_dhis2.domain.records import Cycle, Record

#: Option codes of the steps, in order, and the kinds of record that show that a step was reached.
STEPS = {
    "1_PARTNERSHIP_DEVELOPMENT": ("agreement",),
    "2_NEEDS_ASSESSMENT": ("needs",),
    "3_GAP_ANALYSIS": ("priority",),
    "4_ACTION_PLANNING": ("plan", "target"),
    "5_ACTION": ("activity", "measurement"),
    "6_EVALUATION_REVIEW": ("impact", "functioning"),
}
#: Statuses of events that did not take place (yet).
ONLY_PLANNED = frozenset({"SCHEDULE", "OVERDUE", "SKIPPED"})


def current_step(cycle: Cycle) -> str:
    """The last step that has a record.

    What is only planned does not count: a scheduled event, an activity not begun or cancelled, and a baseline, which
    belongs to the assessment. Contacts and spread happen at any time and say nothing about the step.
    """
    begun = (record for record in cycle.records if is_begun(record) and not is_baseline(record))
    reached = {record.kind for record in begun}
    present = [step for step, kinds in STEPS.items() if reached.intersection(kinds)]
    return present[-1] if present else "1_PARTNERSHIP_DEVELOPMENT"


def is_begun(record: Record) -> bool:
    """Whether a record tells of something that the partnership did.

    That is no scheduled event, no activity not begun or cancelled, and no value that came from the country's data by
    itself: a partnership where nobody does anything has those, too.
    """
    planned = record.status in ONLY_PLANNED or record.text("activity_status") in ("NOT_STARTED", "CANCELLED")
    return not planned and not is_pulled(record)


def is_baseline(record: Record) -> bool:
    """Whether a record is a measurement that belongs to the assessment."""
    return record.kind == "measurement" and record.text("point") == "BASELINE"
