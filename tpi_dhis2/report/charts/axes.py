"""Scales, ticks, and labels that keep clear of each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tpi_dhis2.report.charts.svg import SIZE, Box, text_width


@dataclass(frozen=True)
class Scale:
    """A straight scale from values to places on the page."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value; the middle when the scale has no length."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(values: Iterable[float], wanted: int = 5) -> list[float]:
    """Round numbers that cover the values and zero, evenly spaced."""
    known = [0.0, *values]
    low, high = min(known), max(known)
    if high == low:
        high = low + 1
    rough = (high - low) / wanted
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * place, 10) for place in range(first, last + 1)]


def label_box(x: float, y: float, words: str, anchor: str = "middle", size: float = SIZE) -> Box:
    """The rectangle of a text whose baseline is at ``y``."""
    width = text_width(words, size)
    left = {"middle": x - width / 2, "start": x, "end": x - width}[anchor]
    return Box(left, y - size, left + width, y + size * 0.3)


def apart(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Places near those wanted, in the same order, at least ``gap`` from each other and between the limits."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places = [0.0] * len(wanted)
    floor = low
    for index in order:
        places[index] = max(wanted[index], floor)
        floor = places[index] + gap
    ceiling = high
    for index in reversed(order):
        places[index] = min(places[index], ceiling)
        ceiling = places[index] - gap
    return places
