"""The risks and challenges that a plan follows."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.domain.records import Record
from tpi_dhis2.report.views.common import Reader

#: How many a plan has room for (metadata/stages.yaml); the rest stands in its main risks, in words.
PLACES = (1, 2, 3)


@dataclass(frozen=True)
class Risk:
    """One risk: what it is, how likely and how grave, what is done about it, and how it stands."""

    text: str | None
    kind: str | None
    raised: str | None
    weight: str | None
    answer: str | None
    state: str | None


def risks(reader: Reader, plan: Record | None) -> tuple[Risk, ...]:
    """The risks of a plan in their order; those of which nothing is recorded are left out."""
    found = (_risk(reader, plan, f"risk{place}") for place in PLACES)
    return tuple(risk for risk in found if risk != Risk(*[None] * 6))


def _risk(reader: Reader, plan: Record | None, key: str) -> Risk:
    closed, state = reader.day(plan, f"{key}_closed"), reader.text(plan, f"{key}_state")
    return Risk(
        text=reader.text(plan, key),
        kind=reader.text(plan, f"{key}_kind"),
        raised=_joined(reader.day(plan, f"{key}_raised"), reader.text(plan, f"{key}_by")),
        weight=_weight(reader, plan, key),
        answer=reader.text(plan, f"{key}_answer"),
        state=_joined(state, closed),
    )


def _weight(reader: Reader, plan: Record | None, key: str) -> str | None:
    """Likelihood and effect in words; None when neither is recorded."""
    likelihood, effect = reader.text(plan, f"{key}_likelihood"), reader.text(plan, f"{key}_effect")
    return _joined(likelihood and f"likelihood {likelihood.lower()}", effect and f"effect {effect.lower()}")


def _joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None
