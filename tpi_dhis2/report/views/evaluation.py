"""The evaluation summary: what became of the plan, what is known of it, and how the relation works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tpi_dhis2.domain.measures import MET, NO_DATA, NOT_MET, NOT_YET_DUE
from tpi_dhis2.domain.records import Cycle, Partnership, Record
from tpi_dhis2.report import words
from tpi_dhis2.report.views import series as told
from tpi_dhis2.report.views.agreement import Fact, agreement
from tpi_dhis2.report.views.common import Heading, Origins, Reader, heading, origins
from tpi_dhis2.report.views.effort import Contacts, Spread, Work, contacts, spread, work
from tpi_dhis2.report.views.impact import Impact, Needs, impacts, needs
from tpi_dhis2.report.views.relation import Relation, relations
from tpi_dhis2.report.views.results import TargetResult, target_results
from tpi_dhis2.report.views.series import Series, all_series

_KINDS = (
    "agreement",
    "needs",
    "plan",
    "target",
    "activity",
    "measurement",
    "contact",
    "spread",
    "impact",
    "functioning",
)
_NO_ANSWERS = "No answers about how the relation works are recorded."


@dataclass(frozen=True)
class Short:
    """One line of the summary in short: a heading, and what falls under it."""

    code: str
    name: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """Everything that the document says."""

    template: ClassVar[str] = "evaluation"
    title: ClassVar[str] = "Evaluation summary"

    heading: Heading
    goal: str | None
    agreement: tuple[Fact, ...]
    in_short: tuple[Short, ...]
    results_line: str
    relation_line: str
    targets: tuple[TargetResult, ...]
    series: tuple[Series, ...]
    work: Work | None
    contacts: Contacts | None
    spread: tuple[Spread, ...]
    impacts: tuple[Impact, ...]
    relations: tuple[Relation, ...]
    needs: tuple[Needs, ...]
    origins: Origins
    made_on: str


def build(reader: Reader, partnership: Partnership, cycle: Cycle) -> Evaluation:
    """The evaluation summary of one cycle."""
    targets, series = target_results(reader, cycle), tuple(all_series(reader, cycle))
    rounds = relations(reader, cycle)
    return Evaluation(
        heading=heading(reader, partnership, cycle),
        goal=reader.text(cycle.one("agreement"), "common_goal"),
        agreement=agreement(reader, cycle),
        in_short=in_short(series),
        results_line=results_line(targets),
        relation_line=rounds[-1].standing if rounds else _NO_ANSWERS,
        targets=targets,
        series=series,
        work=work(reader, partnership, cycle),
        contacts=contacts(reader, cycle),
        spread=spread(reader, cycle),
        impacts=impacts(reader, cycle),
        relations=rounds,
        needs=needs(reader, cycle),
        origins=origins(reader, _records(cycle)),
        made_on=words.day(reader.today),
    )


def _records(cycle: Cycle) -> list[Record]:
    """What this document rests on, by kind; the host arm's answers before the partner arm's."""
    found = [record for kind in _KINDS for record in cycle.of(kind)]
    return sorted(found, key=lambda record: (_KINDS.index(record.kind), record.text("one_arm") or ""))


def in_short(series: Sequence[Series]) -> tuple[Short, ...]:
    """What improved, what did not, what cannot be told, and what has no data: each measure once, no empty group."""
    groups = {
        ("IMPROVED", "Improved"): (told.IMPROVED,),
        ("NOT_IMPROVED", "Did not improve"): (told.WORSE, told.SAME),
        ("UNKNOWN", "Cannot be told"): (told.UNKNOWN,),
        ("NO_DATA", "No data"): (told.NO_DATA,),
    }
    return tuple(
        Short(code, name, items)
        for (code, name), stories in groups.items()
        if (items := tuple(_item(each) for each in series if each.story in stories))
    )


def _item(series: Series) -> str:
    lost = f", but worse than an earlier {series.lost}" if series.lost and series.story == told.IMPROVED else ""
    return f"{series.title}: {series.finding}{lost}"


def results_line(targets: Sequence[TargetResult]) -> str:
    """How many target values were met, were not, are not yet due, or have no data."""
    results = Counter(term.result for target in targets for term in target.terms if term.result)
    if not results:
        return "No target with a value is recorded."
    names = {MET: "met", NOT_MET: "not met", NOT_YET_DUE: "not yet due", NO_DATA: "without data"}
    said = [f"{results[code]} {name}" for code, name in names.items()]
    return f"Of {words.counted(results.total(), 'target value', 'target values')}: {words.sentence(said)}."
