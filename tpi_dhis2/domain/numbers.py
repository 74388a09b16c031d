"""Arithmetic as DHIS2's rule engine does it, so that the server and this tool give the same text.

The engine reckons with the decimals that people wrote, not with binary fractions, and rounds a half away from zero.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

#: Room for the longest number that a float can be.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)


def plain(number: float | None, decimals: int = 2) -> str | None:
    """A number as DHIS2 stores it: no exponent, no needless zeros; None stays None."""
    if number is None:
        return None
    text = f"{_exact(number).quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def difference(number: float, other: float) -> float:
    """The first less the second, exact in decimals: 10.105 - 0.1 is 10.005."""
    return float(_CONTEXT.subtract(_exact(number), _exact(other)))


def _exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))
