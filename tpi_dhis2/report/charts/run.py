"""The run chart of one measure: its points in time, where it started and where it should be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from tpi_dhis2.report import words
from tpi_dhis2.report.charts import svg
from tpi_dhis2.report.charts.axes import Scale, apart, label_box, ticks
from tpi_dhis2.report.charts.svg import Box, Svg
from tpi_dhis2.report.views.run_chart import Point, RunChart

_DASHES = {"baseline": "none", "short target": "2 4", "long target": "9 5"}
#: The height of a reference line's label, two lines of text.
_LABEL = 28


@dataclass(frozen=True)
class Frame:
    """The size of a drawing and the margins around its plot."""

    kind: str
    width: float
    height: float = 300
    left: float = 42
    right: float = 150
    top: float = 34
    bottom: float = 44

    @property
    def end(self) -> float:
        """The right end of the plot."""
        return self.width - self.right

    @property
    def floor(self) -> float:
        """The lower end of the plot."""
        return self.height - self.bottom


@dataclass(frozen=True)
class Mark:
    """A point in its place."""

    point: Point
    x: float
    y: float


@dataclass(frozen=True)
class Reference:
    """A level drawn across the plot, with two lines of label."""

    name: str
    value: float
    text: str
    due: str | None


WIDE, NARROW = Frame("wide", 680), Frame("narrow", 330, right=112, left=36)


def run_chart(chart: RunChart) -> Svg:
    """The chart for a wide page and for a phone."""
    return Svg(_drawn(chart, WIDE) + _drawn(chart, NARROW))


def _drawn(chart: RunChart, frame: Frame) -> str:
    levels = _references(chart)
    steps = ticks([point.value for point in chart.points] + [level.value for level in levels])
    frame = _with_room(frame, steps)
    upward = Scale(steps[0], steps[-1], frame.floor, frame.top)
    marks = _marks(chart, frame, upward)
    parts = [
        *_grid(frame, upward, steps),
        *_levels(frame, upward, levels),
        *_way(marks),
        *(_shape(mark) for mark in marks),
        *_values(frame, marks),
        *_dates(frame, marks),
        *_heading(chart, frame),
    ]
    return svg.drawing(
        frame.width, frame.height, parts, name=f"Run chart: {chart.title}", says=told(chart), kind=frame.kind
    )


def _with_room(frame: Frame, steps: list[float]) -> Frame:
    """The frame with a left margin wide enough for the numbers of the scale."""
    widest = max(svg.text_width(words.number(step) or "", 11) for step in steps)
    return replace(frame, left=max(frame.left, widest + 10))


def told(chart: RunChart) -> str:
    """The chart in words."""
    points = "; ".join(
        f"{point.when}: {point.text}{', baseline' * point.baseline}{', small sample' * point.small}"
        for point in chart.points
    )
    levels = "; ".join(f"{level.name} {level.text}{_due(level)}" for level in _references(chart))
    order = "" if chart.dated else " Dates are not stated for all points: they stand in order, not by time."
    return f"{points}. {levels}.{order}" if levels else f"{points}.{order}"


def _due(level: Reference) -> str:
    return f", due {level.due}" if level.due else ""


def _references(chart: RunChart) -> list[Reference]:
    levels = [Reference(goal.name, goal.value, goal.text, goal.due) for goal in chart.goals]
    if chart.baseline is not None and chart.baseline_text is not None:
        levels.insert(0, Reference("baseline", chart.baseline, chart.baseline_text, None))
    return levels


def _marks(chart: RunChart, frame: Frame, upward: Scale) -> list[Mark]:
    if chart.dated:
        places = [float(point.day.toordinal()) for point in chart.points if point.day is not None]
    else:
        places = [float(place) for place in range(len(chart.points))]
    along = Scale(min(places), max(places), frame.left + 16, frame.end - 16)
    return [
        Mark(point, along.at(place), upward.at(point.value)) for point, place in zip(chart.points, places, strict=True)
    ]


def _grid(frame: Frame, upward: Scale, steps: list[float]) -> list[str]:
    drawn = []
    for step in steps:
        y = upward.at(step)
        drawn.append(svg.line(frame.left, y, frame.end, y, stroke=svg.GRID))
        label = words.number(step) or ""
        drawn.append(svg.text(frame.left - 6, y + 4, label, text_anchor="end", fill=svg.MUTED, font_size=11))
    return drawn


def _levels(frame: Frame, upward: Scale, levels: list[Reference]) -> list[str]:
    natural = [upward.at(level.value) for level in levels]
    places = apart(natural, _LABEL, frame.top + 6, frame.floor - 12)
    drawn = []
    for level, y, place in zip(levels, natural, places, strict=True):
        dash = _DASHES[level.name]
        drawn.append(svg.line(frame.left, y, frame.end, y, stroke=svg.MUTED, stroke_width=1.5, stroke_dasharray=dash))
        drawn.append(svg.line(frame.end, y, frame.end + 8, place, stroke=svg.MUTED))
        drawn.extend(_level_label(frame, level, place))
    return drawn


def _level_label(frame: Frame, level: Reference, y: float) -> list[str]:
    x, room = frame.end + 11, frame.right - 11
    named = level.name if frame.kind == "wide" else level.name.replace(" target", "-term")
    first = svg.shortened(f"{named.capitalize()} {level.text}", room, 11)
    second = f"due {level.due}" if level.due else ""
    drawn = [svg.text(x, y + (1 if second else 4), first, font_size=11, font_weight="600")]
    if second:
        drawn.append(svg.text(x, y + 14, second, font_size=11, fill=svg.MUTED))
    return drawn


def _way(marks: list[Mark]) -> list[str]:
    return [svg.line(one.x, one.y, two.x, two.y, stroke=svg.ACCENT, stroke_width=2) for one, two in pairwise(marks)]


def _shape(mark: Mark) -> str:
    draw = svg.square if mark.point.baseline else svg.circle
    return draw(mark.x, mark.y, hollow=mark.point.small)


def _values(frame: Frame, marks: list[Mark]) -> list[str]:
    """The values beside their points: the last and the first surely, the others where there is room."""
    taken = [Box(mark.x - 6, mark.y - 6, mark.x + 6, mark.y + 6) for mark in marks]
    drawn = []
    for mark in _most_telling_first(marks):
        for y in (mark.y - 11, mark.y + 20):
            x = _kept_inside(mark.x, mark.point.text, frame.end + 8)
            box = label_box(x, y, mark.point.text)
            if box.top >= frame.top - 16 and box.bottom <= frame.floor and not any(box.meets(other) for other in taken):
                taken.append(box)
                drawn.append(svg.text(x, y, mark.point.text, text_anchor="middle", font_weight="600", **svg.HALO))
                break
    return drawn


def _most_telling_first(marks: list[Mark]) -> list[Mark]:
    return marks[-1:] + marks[:1] + marks[1:-1]


def _kept_inside(x: float, label: str, end: float) -> float:
    half = svg.text_width(label) / 2
    return min(max(x, half + 2), end - half - 2)


def _dates(frame: Frame, marks: list[Mark]) -> list[str]:
    """The dates under the points, leaving out those that would run into another."""
    taken: list[Box] = []
    drawn = []
    for mark in _most_telling_first(marks):
        drawn.append(svg.line(mark.x, frame.floor, mark.x, frame.floor + 4, stroke=svg.MUTED))
        x = _kept_inside(mark.x, mark.point.when, frame.width)
        box = label_box(x, frame.floor + 18, f"{mark.point.when} ", size=11)
        if not any(box.meets(other) for other in taken):
            taken.append(box)
            drawn.append(svg.text(x, frame.floor + 18, mark.point.when, text_anchor="middle", font_size=11))
    return drawn


def _heading(chart: RunChart, frame: Frame) -> list[str]:
    wanted = {"HIGHER": "\N{UPWARDS ARROW} higher is better", "LOWER": "\N{DOWNWARDS ARROW} lower is better"}
    direction = wanted.get(chart.wanted or "", f"direction wanted: {words.NOT_RECORDED}")
    drawn = [svg.text(2, 14, direction, fill=svg.MUTED)]
    if not chart.dated:
        note = "in order only: not every date is stated"
        drawn.append(svg.text(frame.left, frame.height - 6, note, font_size=11, font_style="italic", fill=svg.MUTED))
    return drawn
