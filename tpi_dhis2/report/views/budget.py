"""The money of a plan: its total, who bears it, and whether the activities add up to it."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.domain.records import Record
from tpi_dhis2.domain.work import CANCELLED, total
from tpi_dhis2.report import words
from tpi_dhis2.report.words import Labels

_SHARES = {"budget_host": "Host arm", "budget_partner": "Partner arm", "budget_third": "Others"}
#: What nobody bears yet; it stands beside the shares only where it is recorded.
_OPEN = {"budget_open": "Not yet covered"}
#: Sums that differ by no more than this are taken as equal (rounding of shares).
_ROUNDING = 1


@dataclass(frozen=True)
class Share:
    """What one side bears, and how much of the total that is."""

    who: str
    amount: str | None
    percent: str | None


@dataclass(frozen=True)
class Budget:
    """The plan's money in words; ``notes`` say what does not add up."""

    recorded: bool
    currency: str | None
    total: str | None
    shares: tuple[Share, ...]
    activities: str | None
    activities_note: str
    notes: tuple[str, ...]


def budget(plan: Record | None, activities: list[Record], code: str | None, labels: Labels) -> Budget:
    """The budget of a plan beside the sum of its activities."""
    whole = plan.number("budget_total") if plan else None
    amounts = {key: plan.number(key) if plan else None for key in (*_SHARES, *_OPEN)}
    sides = _SHARES | (_OPEN if amounts["budget_open"] is not None else {})
    kept = [each for each in activities if each.text("activity_status") != CANCELLED]
    summed = total(kept, "activity_budget")
    named = labels.show("currency", code)
    return Budget(
        recorded=any(value is not None for value in (whole, summed, *amounts.values())),
        currency=named if named in (None, code) or code == "LOCAL" else f"{named} ({code})",
        total=words.money(whole, code),
        shares=tuple(
            Share(who, words.money(amounts[key], code), _percent(amounts[key], whole)) for key, who in sides.items()
        ),
        activities=words.money(summed, code),
        activities_note=_coverage(kept),
        notes=tuple(_differences(whole, summed, amounts, code)),
    )


def _percent(amount: float | None, whole: float | None) -> str | None:
    return None if amount is None or not whole else words.percent(amount / whole * 100, 1)


def _coverage(kept: list[Record]) -> str:
    known = sum(each.number("activity_budget") is not None for each in kept)
    return f"a budget is recorded for {known} of {words.counted(len(kept), 'activity', 'activities')} not cancelled"


def _differences(
    whole: float | None, summed: float | None, amounts: dict[str, float | None], code: str | None
) -> list[str]:
    complete = all(amounts[key] is not None for key in _SHARES)
    shares = sum(amount for amount in amounts.values() if amount is not None)
    parts = {"The activities": summed, "The shares": shares if complete else None}
    return [
        f"{what} add up to {words.money(part, code)}, {words.money(abs(whole - part), code)} "
        f"{'less' if part < whole else 'more'} than the total."
        for what, part in parts.items()
        if whole is not None and part is not None and abs(whole - part) > _ROUNDING
    ]
