"""The action plan: what both arms agreed to do, by whom, until when and with what money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tpi_dhis2.domain import calculate, measures
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.domain.work import CANCELLED, is_overdue
from tpi_dhis2.report import words
from tpi_dhis2.report.views.agreement import Fact, agreement
from tpi_dhis2.report.views.budget import Budget, budget
from tpi_dhis2.report.views.common import Heading, Origins, Reader, currency, heading, origins, starting, unit
from tpi_dhis2.report.views.risks import Risk, risks

UNSIGNED, ONE_ARM, JOINT = "UNSIGNED", "ONE_ARM", "JOINT"

_TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Priority:
    """One gap that was looked at, and what was decided about it; ``weighed`` is its impact times its feasibility."""

    number: str | None
    area: str | None
    gap: str | None
    cause: str | None
    measure: str | None
    baseline: str | None
    baseline_date: str | None
    desired: str | None
    weighed: str | None
    score: str | None
    decision: str | None


@dataclass(frozen=True)
class Target:
    """One objective with where it starts and where it should be."""

    number: str | None
    priority: str | None
    objective: str | None
    measure: str | None
    direction: str | None
    baseline: str | None
    baseline_date: str | None
    short: str | None
    short_due: str | None
    long: str | None
    long_due: str | None


@dataclass(frozen=True)
class Activity:
    """One activity as agreed; ``moved_to`` is the new deadline when it was moved."""

    number: str | None
    title: str | None
    description: str | None
    priority: str | None
    kind: str | None
    host: str | None
    partner: str | None
    start: str | None
    deadline: str | None
    moved_to: str | None
    moved_why: str | None
    budget: str | None
    payer: str | None
    output: str | None
    resources: str | None
    state: str | None
    done: str | None
    cancelled: bool
    overdue: bool


@dataclass(frozen=True)
class Signature:
    """Who signs for an arm, and when that was done; ``signed`` is None when no signature is recorded."""

    arm: str
    institution: str | None
    name: str | None
    signed: str | None


@dataclass(frozen=True)
class ActionPlan:
    """Everything that the document says."""

    template: ClassVar[str] = "action_plan"
    title: ClassVar[str] = "Action plan"

    heading: Heading
    plan_title: str | None
    recorded: bool
    state: str
    state_words: str
    begins: str | None
    ends: str | None
    agreed: str | None
    meeting: str | None
    fits: str | None
    goal: str | None
    agreement: tuple[Fact, ...]
    priorities: tuple[Priority, ...]
    targets: tuple[Target, ...]
    activities: tuple[Activity, ...]
    budget: Budget
    between: str | None
    within: str | None
    spread: str | None
    review: str | None
    main_risks: str | None
    risks: tuple[Risk, ...]
    signatures: tuple[Signature, Signature]
    origins: Origins
    made_on: str


def build(reader: Reader, partnership: Partnership, cycle: Cycle) -> ActionPlan:
    """The action plan of one cycle."""
    plan, agreed = cycle.one("plan"), cycle.one("agreement")
    activities = cycle.numbered("activity", "activity_no")
    paused = partnership.text("pstatus") == "PAUSED"
    priorities, targets = cycle.numbered("priority", "priority_no"), cycle.numbered("target", "target_no")
    used = [record for record in (agreed, plan) if record] + priorities + targets + activities
    state, state_words = signing(plan)
    return ActionPlan(
        heading=heading(reader, partnership, cycle),
        plan_title=reader.text(plan, "plan_title"),
        recorded=plan is not None,
        state=state,
        state_words=state_words,
        begins=reader.day(plan, "plan_start"),
        ends=reader.day(plan, "plan_end"),
        agreed=words.date(plan.date) if plan else None,
        meeting=reader.text(plan, "plan_meeting"),
        fits=reader.text(plan, "plan_aligned"),
        goal=reader.text(agreed, "common_goal"),
        agreement=agreement(reader, cycle),
        priorities=tuple(_priority(reader, record) for record in priorities),
        targets=tuple(_target(reader, cycle, record) for record in targets),
        activities=tuple(_activity(reader, record, currency(cycle), paused=paused) for record in activities),
        budget=budget(plan, activities, currency(cycle), reader.labels),
        between=reader.text(plan, "communication_between"),
        within=reader.text(plan, "communication_within"),
        spread=reader.text(plan, "spread_plan"),
        review=reader.text(plan, "review_frequency"),
        main_risks=reader.text(plan, "plan_risks"),
        risks=risks(reader, plan),
        signatures=(
            _signature(reader, plan, "host", partnership.host_name),
            _signature(reader, plan, "partner", partnership.text("partner_name")),
        ),
        origins=origins(reader, used),
        made_on=words.day(reader.today),
    )


def signing(plan: Record | None) -> tuple[str, str]:
    """How far a plan is signed, as code and in words; a signature counts when its date was recorded."""
    host, partner = (plan.day(f"plan_{arm}_signed") if plan else None for arm in ("host", "partner"))
    if plan and host and partner:
        later = plan.known(max(host, partner))
        return JOINT, f"Jointly signed, {words.date(later)}" if later else "Jointly signed, date not stated"
    if host or partner:
        signed, waiting = ("host", "partner") if host else ("partner", "host")
        return ONE_ARM, f"Signed by the {signed} arm; no signature of the {waiting} arm is recorded"
    return UNSIGNED, "No signatures are recorded" if plan else "No plan is recorded"


def _signature(reader: Reader, plan: Record | None, arm: str, institution: str | None) -> Signature:
    name = reader.text(plan, f"plan_{arm}_signatory")
    return Signature(f"{arm.capitalize()} arm", institution, name, reader.day(plan, f"plan_{arm}_signed"))


def _priority(reader: Reader, record: Record) -> Priority:
    return Priority(
        number=words.number(record.number("priority_no")),
        area=reader.text(record, "area"),
        gap=reader.text(record, "gap_statement"),
        cause=reader.text(record, "root_cause"),
        measure=reader.measure(record),
        baseline=reader.value(record, "baseline") or _without_baseline(reader, record),
        baseline_date=reader.day(record, "baseline_date"),
        desired=reader.value(record, "desired"),
        weighed=_weighed(record),
        score=calculate.of_priority(record)["priority_score"],
        decision=reader.text(record, "decision"),
    )


def _without_baseline(reader: Reader, record: Record) -> str | None:
    """Why there is no baseline; None when nobody said so."""
    reason = reader.text(record, "no_baseline")
    return f"none: {reason[0].lower()}{reason[1:]}" if reason else None


def _weighed(record: Record) -> str | None:
    """Both ratings side by side; None when neither is recorded."""
    parts = [words.number(record.number(key)) for key in ("impact", "feasibility")]
    return f" {_TIMES} ".join(part or words.NOT_RECORDED for part in parts) if any(parts) else None


def _target(reader: Reader, cycle: Cycle, record: Record) -> Target:
    start = starting(cycle, record)
    return Target(
        number=words.number(record.number("target_no")),
        priority=words.number(record.number("priority_no")),
        objective=reader.text(record, "objective"),
        measure=reader.measure(record),
        direction=reader.labels.show("direction", measures.direction(record)),
        baseline=start.text(unit(record)),
        baseline_date=start.when,
        short=reader.value(record, "short_target"),
        short_due=reader.day(record, "short_due"),
        long=reader.value(record, "long_target"),
        long_due=reader.day(record, "long_due"),
    )


def _activity(reader: Reader, record: Record, code: str | None, *, paused: bool) -> Activity:
    return Activity(
        number=words.number(record.number("activity_no")),
        title=reader.text(record, "activity_title"),
        description=reader.text(record, "activity_text"),
        priority=words.number(record.number("priority_no")),
        kind=reader.text(record, "activity_type"),
        host=reader.text(record, "owner_host"),
        partner=reader.text(record, "owner_partner") or ("none needed" if record.yes("owner_partner_none") else None),
        start=reader.day(record, "planned_start"),
        deadline=reader.day(record, "planned_end"),
        moved_to=reader.day(record, "new_deadline"),
        moved_why=reader.text(record, "new_deadline_reason"),
        budget=words.money(record.number("activity_budget"), code),
        payer=reader.text(record, "payer"),
        output=reader.text(record, "expected_output"),
        resources=reader.text(record, "resources"),
        state=reader.text(record, "activity_status"),
        done=words.percent(record.number("percent_done")),
        cancelled=record.text("activity_status") == CANCELLED,
        overdue=not paused and is_overdue(record, reader.today),
    )
