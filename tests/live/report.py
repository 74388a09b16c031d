"""The report of a run: a page for people, JUnit for machines, and for each failure its exchanges as lines of JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as Xml

from tests.live.exchanges import Exchange, shortened
from tests.live.quirks import hints
from tests.live.story import FAILED, NOT_REACHED, PASSED, SKIPPED, STOPPED, Step, Story

_KINDS = (PASSED, FAILED, STOPPED, SKIPPED, NOT_REACHED)
#: Exchanges of a failure on the page: the last, and of those before it the last that were refused.
_LAST, _REFUSED = 3, 3
#: Characters that XML cannot hold.
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


@dataclass
class Run:
    """What was run where: facts by name, the version such as ``2.42``, the stories, and what was left there."""

    facts: dict[str, str]
    version: str
    stories: list[Story]
    left: str = ""
    troubles: list[str] = field(default_factory=list)

    @property
    def steps(self) -> list[tuple[Story, Step]]:
        """All steps with their stories; a story of which nothing was told was not reached."""
        return [(story, step) for story in self.stories for step in story.steps or [story.whole]]

    @property
    def counts(self) -> Counter[str]:
        """How many steps ended how."""
        return Counter(step.outcome for _, step in self.steps)

    @property
    def failed(self) -> list[tuple[Story, Step]]:
        """The steps that did not come to their end."""
        return [(story, step) for story, step in self.steps if step.outcome in (FAILED, STOPPED)]

    @property
    def is_good(self) -> bool:
        """Whether all was told that could be, and something was."""
        bad = self.counts[FAILED] + self.counts[STOPPED] + self.counts[NOT_REACHED]
        return not bad and not self.troubles and bool(self.counts[PASSED])


def write(run: Run, out: Path) -> None:
    """Write the report into a folder, in the place of an earlier one."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("failed-*.jsonl"):
        old.unlink()
    for number, (_, step) in enumerate(run.failed, 1):
        lines = "".join(f"{exchange.line()}\n" for exchange in step.exchanges)
        (out / _file(number)).write_text(lines, "utf-8")
    (out / "report.md").write_text(page(run), "utf-8")
    Xml.ElementTree(junit(run)).write(out / "junit.xml", "utf-8", xml_declaration=True)


def _file(number: int) -> str:
    return f"failed-{number}.jsonl"


# The page -----------------------------------------------------------------------------------------------------------


def page(run: Run) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    yield from ["# Live suite", "", f"**{verdict(run)}**", ""]
    yield from _table(("", ""), run.facts.items())
    for trouble in run.troubles:
        yield from ["", trouble]
    if run.left:
        yield from ["", f"**Left on the server:** {run.left}"]
    if run.failed:
        yield from ["", "## What failed"]
    for number, (story, step) in enumerate(run.failed, 1):
        yield from _failure(run, number, story, step)
    yield from ["", "## All steps"]
    for story in run.stories:
        yield from _story(story)
    skipped = [(story.name, step.name, step.said) for story, step in run.steps if step.outcome == SKIPPED]
    if skipped:
        yield from ["", "## What was skipped, and why", "", *_table(("Story", "Step", "Reason"), skipped)]


def verdict(run: Run) -> str:
    """The counts in a line."""
    told = ", ".join(f"{run.counts[kind]} {kind}" for kind in _KINDS if run.counts[kind] or kind in (PASSED, FAILED))
    return f"{'Passed' if run.is_good else 'Not passed'}: {told}"


def _failure(run: Run, number: int, story: Story, step: Step) -> Iterator[str]:
    yield from ["", f"### {number}. {_cell(step.name)}", "", f"Story: {_cell(story.name)}."]
    if step.demands:
        yield from ["", f"Demanded: {_cell(step.demands)}"]
    yield from ["", *_fenced(shortened(step.said))]
    shown = told_of(step)
    if shown:
        yield from ["", f"What was asked and answered ({len(step.exchanges)} in all: `{_file(number)}`):", ""]
        yield from _fenced("\n\n".join(exchange.told() for exchange in shown))
    known = list(hints("\n".join([step.said, *(exchange.told() for exchange in shown)]), run.version))
    if known:
        yield from ["", "What is known of these codes:", "", *(f"- {_cell(hint)}" for hint in known)]


def told_of(step: Step) -> list[Exchange]:
    """The exchanges that belong to a failure: the last ones, and the last before them that the server refused."""
    asked = [exchange for exchange in step.exchanges if exchange.at >= step.began]
    before, last = asked[:-_LAST], asked[-_LAST:]
    return [*[exchange for exchange in before if not 200 <= exchange.status < 300][-_REFUSED:], *last]


def _story(story: Story) -> Iterator[str]:
    yield from ["", f"### {_cell(story.name)}", ""]
    steps = story.steps or [story.whole]
    yield from _table(
        ("Step", "Result", "Seconds", "Demands"),
        [(step.name, step.outcome, f"{step.seconds:.1f}", step.demands) for step in steps],
    )
    for name, measured in story.measured.items():
        yield from ["", f"Measured, {_cell(name)}: {_cell(measured)}"]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    """A text in one line that no mark in it can break."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def _fenced(text: str) -> list[str]:
    """A text as it stands, between fences that are longer than any in it."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text, fence]


# JUnit --------------------------------------------------------------------------------------------------------------


def junit(run: Run) -> Xml.Element:
    """A suite for each story, a case for each step; what was not reached is skipped, with that reason."""
    root = Xml.Element("testsuites", name="tpi-dhis2 live", **_counted([step for _, step in run.steps]))
    for story in run.stories:
        steps = story.steps or [story.whole]
        suite = Xml.SubElement(root, "testsuite", name=story.name, **_counted(steps))
        for step in steps:
            case = Xml.SubElement(suite, "testcase", classname=story.name, name=step.name, time=f"{step.seconds:.3f}")
            _outcome(case, step)
    return root


def _counted(steps: list[Step]) -> dict[str, str]:
    counts = Counter(step.outcome for step in steps)
    skipped, failures = counts[SKIPPED] + counts[NOT_REACHED], counts[FAILED] + counts[STOPPED]
    seconds = sum(step.seconds for step in steps)
    numbers = {"tests": len(steps), "failures": failures, "errors": 0, "skipped": skipped}
    return {**{name: str(number) for name, number in numbers.items()}, "time": f"{seconds:.3f}"}


def _outcome(case: Xml.Element, step: Step) -> None:
    if step.outcome in (FAILED, STOPPED):
        said = _NOT_XML.sub("?", step.said)
        failure = Xml.SubElement(case, "failure", message=shortened(said.split("\n")[0], 300))
        answers = [_NOT_XML.sub("?", exchange.told()) for exchange in told_of(step)]
        failure.text = "\n\n".join([said, *answers])
    elif step.outcome in (SKIPPED, NOT_REACHED):
        Xml.SubElement(case, "skipped", message=_NOT_XML.sub("?", step.said or step.outcome))
