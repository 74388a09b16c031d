"""From a value of the HMIS to the fields of a measurement: numerator and denominator where they are whole counts."""

from __future__ import annotations

from collections.abc import Mapping

from tpi_dhis2.dhis2.analytics import Row
from tpi_dhis2.domain.measures import CORE_FACTORS
from tpi_dhis2.sync.draft_dates import Patch
from tpi_dhis2.sync.hmis_sources import HmisSource


def figures(source: HmisSource, rows: Mapping[str, Row]) -> Patch | None:
    """The figures of a measurement from the rows of a period, by what analytics calls them; None without a value.

    All three fields are said, so that a later correction empties what it makes untrue.
    """
    found = {part: rows[dx] for part, dx in source.parts.items() if dx in rows}
    if len(found) < len(source.parts):
        return None  # no data is not zero
    if "indicator" in found:
        return _of_indicator(source, found["indicator"])
    if "value" in found:
        return _value(found["value"].value)
    return _of_counts(source.measure, found["numerator"].value, found["denominator"].value)


def _of_indicator(source: HmisSource, row: Row) -> Patch | None:
    """The counts of an indicator, or its value where its numerator and denominator may be no counts.

    A plain number (factor 1) gives its value as it stands: what brings it to the unit of the measure is hidden in its
    formula, maybe in its numerator. With another factor the formula holds plain counts, and the measure's own factor
    applies: what a country counts per 100,000 is not stored as per 1,000.
    """
    own = _factor(source.measure)
    if source.factor == 1 and own != 1:
        return None if row.denominator == 0 else _value(row.value)
    if row.numerator is None or row.denominator is None:
        return _value(row.value * own / source.factor)
    return _of_counts(source.measure, row.numerator, row.denominator)


def _of_counts(measure: str, top: float, bottom: float) -> Patch | None:
    if bottom <= 0 or top < 0:
        return None
    if top.is_integer() and bottom.is_integer():
        return {"numerator": str(int(top)), "denominator": str(int(bottom)), "value": None}
    return _value(top * _factor(measure) / bottom)


def _value(number: float) -> Patch:
    """A value to two decimals, as the package's own rates have."""
    short = round(number, 2)
    text = str(int(short)) if short.is_integer() else f"{short:.2f}".rstrip("0")
    return {"numerator": None, "denominator": None, "value": text}


def _factor(measure: str) -> int:
    return CORE_FACTORS.get(measure, 100)
