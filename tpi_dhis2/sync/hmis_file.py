"""The file that says which data of the country's aggregate system (HMIS) is which core measure.

It is described in docs/hmis.md. A file with a mistake is refused whole, with the place and the reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator, model_validator

from tpi_dhis2.domain.dates import KnownDate
from tpi_dhis2.domain.periods import MONTHS
from tpi_dhis2.errors import UsageError
from tpi_dhis2.package.fields import Fields
from tpi_dhis2.plain import plain_file

_FORM = "An HMIS file is written as in docs/hmis.md; nothing of it was taken."
_Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_PARTS = ({"numerator", "denominator"}, {"indicator"}, {"value"})


class HmisLine(BaseModel):
    """Where a measure is taken from: two data elements, an indicator, or one data element; by code or UID."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    numerator: _Name | None = None
    denominator: _Name | None = None
    indicator: _Name | None = None
    value: _Name | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.named.keys() not in _PARTS:
            raise ValueError("give numerator and denominator, or indicator, or value")
        return self

    @property
    def named(self) -> dict[str, str]:
        """What is named, by its part in the measure."""
        return {part: str(name) for part, name in self.model_dump(exclude_none=True).items()}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    period: str
    since: str | None = None
    measures: dict[str, HmisLine]

    @field_validator("period")
    @classmethod
    def _is_known(cls, period: str) -> str:
        if period not in MONTHS:
            raise ValueError(f"'{period}' is not one of {', '.join(MONTHS)}")
        return period

    @field_validator("since")
    @classmethod
    def _is_date(cls, since: str | None) -> str | None:
        if since is not None:
            KnownDate.parse(since)
        return since


@dataclass(frozen=True)
class HmisMapping:
    """The type of the periods, how far back to go at most, and where each core measure is taken from."""

    period: str
    measures: Mapping[str, HmisLine]
    since: dt.date | None = None


def read_hmis_mapping(path: Path, fields: Fields) -> HmisMapping:
    """Read such a file; UsageError names the place of a mistake. What it names on the server is looked for later."""
    content = _read(path)
    known = [code for code in fields.elements["measure"].options or {} if code != "OTHER"]
    strange = [code for code in content.measures if code not in known]
    if strange:
        raise UsageError(f"{path}: measures: {strange[0]} is no core measure; there are {', '.join(known)}.", _FORM)
    since = KnownDate.parse(content.since).first if content.since else None
    return HmisMapping(content.period, content.measures, since)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(plain_file(path))
    except ValidationError as error:
        first: Any = error.errors()[0]
        place = ": ".join(map(str, first["loc"])) or "its content"
        raise UsageError(f"{path}: {place}: {_words(first)}.", _FORM, str(error)) from error


def _words(mistake: Any) -> str:
    if mistake["type"] == "value_error":
        return str(mistake["ctx"]["error"])
    return {
        "missing": "this is missing",
        "extra_forbidden": "this is not known here",
        "string_type": "one text is to stand here",
        "string_too_short": "a code or UID is to stand here",
    }.get(mistake["type"], "it is no list of 'name: value'")
