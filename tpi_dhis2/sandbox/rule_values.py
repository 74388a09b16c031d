"""Values in expressions: text, number, yes or no, day; how one becomes another, and what operators make of them.

Numbers are calculated with 16 decimal digits, as DHIS2's expression parser does; of a quotient that does not end, which
that one rounds in a way of its own, the last of them may differ.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

from tpi_dhis2.sandbox.expression import ExpressionError

DIGITS = Context(prec=16, rounding=ROUND_HALF_UP)
#: Whole numbers below are exact in binary, and so are their sums and differences.
EXACT = 2.0**52
#: Whole numbers are written as 32-bit ones.
LEAST, MOST = -(2**31), 2**31 - 1
PLAIN_LEAST, PLAIN_MOST = 1e-3, 1e7
EPOCH = date(1970, 1, 1)
NUMBERS = (int, float)
Found = TypeVar("Found")
Exactly = Callable[[Context, Any, Any], Decimal]


def to_number(value: Any) -> float | None:
    """Return a value as a number; days count from 1970."""
    if type(value) is float or value is None:
        return value
    if isinstance(value, date):
        return float((value - EPOCH).days)
    return number_of(value) if isinstance(value, str) else float(value)


@lru_cache(maxsize=4096)
def number_of(text: str) -> float:
    """Return the number that a text is."""
    try:
        return float(text)
    except ValueError:
        raise ExpressionError(f"Failed to coerce value '{text}' (String) to Double") from None


def to_boolean(value: Any) -> bool | None:
    """Return a value as yes or no: numbers but 0 are yes, and of texts only ``true``."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, NUMBERS):
        if value % 1 != 0:
            raise ExpressionError(f"Could not coerce Double '{value}' to Boolean")
        return value != 0
    return str(value).lower() == "true"


def to_day(value: Any) -> date | None:
    """Return a value as a day."""
    if value is None or isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ExpressionError(f"Could not coerce to date: '{value}'")
    return day_of(value)


@lru_cache(maxsize=4096)
def day_of(text: str) -> date:
    """Return the day that a text is: year, month and day, no time."""
    try:
        return date(*map(int, text.split("-"))) if len(text) == len("2026-01-01") else _no_day(text)
    except (ValueError, TypeError):
        return _no_day(text)


def _no_day(text: str) -> date:
    raise ExpressionError(f"Failed to coerce value '{text}' (String) to Date")


def to_text(value: Any) -> str | None:
    """Return a value as it is stored and shown."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, NUMBERS):
        return number_text(value)
    return str(value.isoformat())


def number_text(value: float) -> str:
    """Return a number as Java writes it; a whole one without decimals."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value % 1 == 0:
        return str(min(max(int(value), LEAST), MOST))
    if PLAIN_LEAST <= abs(value) < PLAIN_MOST:
        return repr(float(value))
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{int(exponent) + len(rest)}"


def equal(left: Any, right: Any) -> bool:
    """Say whether two values are the same: as numbers if one is, else as yes or no if one is."""
    if left is None or right is None:
        return left is right
    if type(left) is str and type(right) is str:
        return left == right
    if any(isinstance(each, NUMBERS) and not isinstance(each, bool) for each in (left, right)):
        numbers = [_or_none(each) for each in (left, right)]
        return None not in numbers and numbers[0] == numbers[1]
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    return bool(left == right)


def _or_none(value: Any) -> float | None:
    try:
        return to_number(value)
    except ExpressionError:
        return None


def compare(how: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Compare two values: texts as they are, all else as numbers."""
    kind = type(left)
    if kind is type(right) and (kind is float or kind is str):
        return how(left, right)
    return how(there(to_number(left)), there(to_number(right)))


def there(value: Found | None) -> Found:
    """Return a value that must be there."""
    if value is None:
        raise ExpressionError("operand must not be null")
    return value


def add(left: float | None, right: float | None) -> float:
    """Return a sum."""
    return _calculated(operator.add, Context.add, left, right)


def subtract(left: float | None, right: float | None) -> float:
    """Return a difference."""
    return _calculated(operator.sub, Context.subtract, left, right)


def multiply(left: float | None, right: float | None) -> float:
    """Return a product."""
    return _calculated(operator.mul, Context.multiply, left, right)


def _calculated(
    how: Callable[[float, float], float], exactly: Exactly, left: float | None, right: float | None
) -> float:
    """Calculate with whole numbers as they are, and with others in decimals."""
    if left is None or right is None:
        return there(None)
    plain = how(left, right) + 0.0  # there is no zero below zero
    if left.is_integer() and right.is_integer() and -EXACT < plain < EXACT:
        return plain
    return _exactly(exactly, left, right, plain)


def divide(left: float | None, right: float | None) -> float:
    """Return a quotient; through zero it is infinite or not a number."""
    a, b = there(left), there(right)
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return _exactly(Context.divide, a, b, a / b)


def modulo(left: float | None, right: float | None) -> float:
    """Return a remainder, with the sign of the divisor."""
    a, b = there(left), there(right)
    if b == 0 or not math.isfinite(a) or not math.isfinite(b):
        return math.nan
    rest = DIGITS.remainder(_decimal(a), _decimal(b))
    return float(rest + _decimal(b) if rest and (rest < 0) != (b < 0) else rest)


def power(left: float | None, right: float | None) -> float:
    """Return a power; of the exponent its whole part counts."""
    a, b = there(left), int(there(right))
    try:
        return float(DIGITS.power(_decimal(a), b))
    except InvalidOperation:
        return math.nan


def _exactly(how: Exactly, left: float, right: float, plain: float) -> float:
    if not (math.isfinite(left) and math.isfinite(right)):
        return plain
    return float(how(DIGITS, _decimal(left), _decimal(right))) + 0.0


def _decimal(number: float) -> Decimal:
    return DIGITS.create_decimal(repr(float(number)))


ARITHMETIC = {"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo, "^": power}
