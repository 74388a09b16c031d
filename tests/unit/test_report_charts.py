"""Charts: everything inside the picture, labels clear of each other, and no meaning by colour alone."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

import pytest

from tests.unit.report_samples import HOSTILE, TODAY, answers, cycle, labels, partnership, record, rich
from tpi_dhis2.report import charts
from tpi_dhis2.report.charts.axes import apart, ticks
from tpi_dhis2.report.charts.svg import Box, text_width
from tpi_dhis2.report.documents import evaluation
from tpi_dhis2.report.views.run_chart import Goal, Point, RunChart

SVG = "{http://www.w3.org/2000/svg}"


def point(place: int, value: float, **more: bool) -> Point:
    day = dt.date(2016, 1, 1) + dt.timedelta(days=9 * place)
    return Point(value, f"about {value:g}\u202f%", day.strftime("%d %b %Y"), day, **more)


def run_chart(points: list[Point], goals: tuple[Goal, ...] = (), title: str = "Measure") -> RunChart:
    return RunChart(title, "HIGHER", tuple(points), points[0].value, points[0].text, goals)


GOALS = (Goal("short target", 50, "50\u202f%", "31 Dec 2017"), Goal("long target", 52, "52\u202f%", "31 Dec 2018"))
CROWDED = run_chart(
    [point(0, 48, baseline=True)] + [point(n, 50 + n % 3, small=n % 4 == 0) for n in range(1, 40)], GOALS
)
SHAPES = {
    "crowded": CROWDED,
    "two": run_chart([point(0, 20), point(30, 70)], GOALS),
    "flat at zero": run_chart([point(0, 0), point(30, 0)]),
    "same day": run_chart([point(0, 10), point(0, 20)]),
    "negative": run_chart([point(0, -5), point(3, 1_000_000)]),
    "tiny": run_chart([point(0, 0.001), point(3, 0.002)]),
}


def drawings(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(f"<both>{svg}</both>"))  # noqa: S314 -- our own drawing


def boxes(drawing: ET.Element) -> list[tuple[str, Box]]:
    """The rectangles of all texts, measured a little tighter than the code reserves."""
    found = []
    for text in drawing.iter(f"{SVG}text"):
        size, x, y = (float(text.get(key, "0")) for key in ("font-size", "x", "y"))
        width = text_width(text.text or "", size) * 0.95
        left = {"middle": x - width / 2, "end": x - width}.get(text.get("text-anchor", "start"), x)
        found.append((text.text or "", Box(left, y - size * 0.8, left + width, y + size * 0.1)))
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_everything_is_inside_the_picture(name: str) -> None:
    for drawing in drawings(charts.run_chart(SHAPES[name])):
        _, _, width, height = (float(part) for part in drawing.get("viewBox", "").split())
        for shape in [*drawing.iter(f"{SVG}circle"), *drawing.iter(f"{SVG}rect")]:
            x, y = float(shape.get("cx") or shape.get("x") or -1), float(shape.get("cy") or shape.get("y") or -1)
            assert 0 <= x <= width
            assert 0 <= y <= height
        for words, box in boxes(drawing):
            assert box.inside(width, height), words


@pytest.mark.parametrize("name", SHAPES)
def test_labels_do_not_overlap(name: str) -> None:
    for drawing in drawings(charts.run_chart(SHAPES[name])):
        found = boxes(drawing)
        clashes = [(a, b) for i, (a, one) in enumerate(found) for b, other in found[i + 1 :] if one.meets(other)]
        assert clashes == []


def test_a_crowded_series_keeps_all_points_and_the_last_label() -> None:
    wide, narrow = drawings(charts.run_chart(CROWDED))
    for drawing in (wide, narrow):
        assert len(list(drawing.iter(f"{SVG}circle"))) == 39
        assert CROWDED.points[-1].when in [text.text for text in drawing.iter(f"{SVG}text")]


def test_higher_values_stand_higher_and_later_points_further_right() -> None:
    wide = drawings(charts.run_chart(run_chart([point(0, 10), point(1, 40), point(9, 20)])))[0]
    xs, ys = zip(
        *((float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in wide.iter(f"{SVG}circle")), strict=True
    )
    assert ys[1] < ys[2] < ys[0]
    assert xs[2] - xs[1] == pytest.approx(8 * (xs[1] - xs[0]), abs=1)


def test_baseline_small_samples_and_targets_differ_by_shape_and_word() -> None:
    chart = run_chart([point(0, 20, baseline=True), point(9, 40), point(18, 45, small=True)], GOALS)
    wide = drawings(charts.run_chart(chart))[0]
    assert len(list(wide.iter(f"{SVG}rect"))) == 1
    assert [dot.get("fill") == "#fff" for dot in wide.iter(f"{SVG}circle")] == [False, True]
    dashes = {line.get("stroke-dasharray") for line in wide.iter(f"{SVG}line")} - {None}
    assert len(dashes) == 3
    said = wide.findtext(f"{SVG}desc") or ""
    assert "baseline" in said
    assert "small sample" in said
    assert "long target 52\u202f%, due 31 Dec 2018" in said


def test_undated_points_stand_in_order_and_say_so() -> None:
    points = [Point(14, "14", "not stated", None, baseline=True), point(0, 17), Point(13, "13", "not stated", None)]
    wide = drawings(charts.run_chart(run_chart(points)))[0]
    xs = [float(mark.get("cx") or 0) for mark in wide.iter(f"{SVG}circle")]
    assert xs[1] > xs[0]
    assert "in order only: not every date is stated" in [text.text for text in wide.iter(f"{SVG}text")]
    assert "in order, not by time" in (wide.findtext(f"{SVG}desc") or "")


def test_charts_are_deterministic_and_escape_what_people_wrote() -> None:
    chart = run_chart([point(0, 1), point(1, 2)], title=HOSTILE + "\x07")
    assert charts.run_chart(chart) == charts.run_chart(chart)
    assert "<script" not in charts.run_chart(chart)
    assert "<script>" in (drawings(charts.run_chart(chart))[0].findtext(f"{SVG}title") or "")


def test_the_dumbbell_shows_both_arms_and_flags_in_words() -> None:
    relation = evaluation(rich(), labels(), TODAY).relations[0]
    for drawing in drawings(charts.dumbbell(relation)):
        assert len(list(drawing.iter(f"{SVG}circle"))) == len(list(drawing.iter(f"{SVG}polygon"))) == 8
        assert any((text.text or "").endswith("(low, wide)") for text in drawing.iter(f"{SVG}text"))
        _, _, width, height = (float(part) for part in drawing.get("viewBox", "").split())
        assert all(box.inside(width, height) for _, box in boxes(drawing))


def test_the_dumbbell_of_one_arm_has_no_line_between_and_says_so() -> None:
    relation = evaluation(partnership(cycle(answers("HOST"))), labels(), TODAY).relations[0]
    wide = drawings(charts.dumbbell(relation))[0]
    assert not list(wide.iter(f"{SVG}polygon"))
    assert [text.text for text in wide.iter(f"{SVG}text")].count("one side only") == 8


def test_bars_are_as_long_as_the_scores() -> None:
    needs = evaluation(partnership(cycle(record("needs", score_ipc=1, score_waste=4))), labels(), TODAY).needs[0]
    wide = drawings(charts.bars(needs))[0]
    short, long = (float(bar.get("width", 0)) for bar in wide.iter(f"{SVG}rect"))
    assert long == pytest.approx(4 * short, abs=1)


@pytest.mark.parametrize("values", [[0], [0.001], [1e9], [-3, 8], [99.9, 12]])
def test_ticks_cover_the_values_with_round_steps(values: list[float]) -> None:
    found = ticks(values)
    assert found[0] <= min([0, *values])
    assert found[-1] >= max(values)
    assert 2 <= len(found) <= 8
    assert not [tick for tick in found if re.search(r"\d{4,}[1-9]$", f"{tick:.10f}".rstrip("0"))]


def test_places_kept_apart() -> None:
    assert apart([10, 12, 50], 20, 0, 100) == [10, 30, 50]
    assert apart([95, 96], 20, 0, 100) == [80, 100]
