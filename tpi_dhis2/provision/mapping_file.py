"""The mapping file: which objects of the site an administrator wants used instead of the package's own.

.. code-block:: yaml

    dataElements:
      TPI_AREA: LOCAL_AREA   # ours by code or UID, theirs by UID or code
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tpi_dhis2.errors import UsageError
from tpi_dhis2.plain import plain_file
from tpi_dhis2.provision.kinds import ADOPTABLE, READ_WHOLE
from tpi_dhis2.provision.targets import label

Json = dict[str, Any]
Objects = dict[str, list[Json]]

_FORM = "A mapping file is written as in docs/administrators.md, 'When your server has some of it already'."


_Lines = dict[str, Annotated[str, StringConstraints(min_length=1)]]


class _Mapping(BaseModel):
    """The file as written: theirs by ours, for each type."""

    model_config = ConfigDict(extra="forbid", strict=True)

    option_sets: _Lines = Field(default_factory=dict, alias="optionSets")
    data_elements: _Lines = Field(default_factory=dict, alias="dataElements")
    attributes: _Lines = Field(default_factory=dict, alias="trackedEntityAttributes")
    indicator_types: _Lines = Field(default_factory=dict, alias="indicatorTypes")


def read_mapping_file(path: Path, said: Objects) -> dict[str, str]:
    """What a mapping file says of the package's objects: UID or code of theirs by the UID of ours.

    UsageError names the place of a mistake. What it names on the server is looked for by the plan.
    """
    found: dict[str, str] = {}
    for kind, lines in _read(path).model_dump(by_alias=True).items():
        for ours, theirs in lines.items():
            uid = _uid_of(path, kind, ours, said)
            if uid in found:
                raise UsageError(f"{path}: {kind}: {ours} stands twice, by its code and by its UID.", "Keep one line.")
            found[uid] = theirs
    return found


def _read(path: Path) -> _Mapping:
    try:
        return _Mapping.model_validate(plain_file(path) or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ": ".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {place or 'its content'}: {_words(first['type'])}.", _FORM, str(error)) from error


def _words(sort: str) -> str:
    return {
        "extra_forbidden": f"there is no such type here, only {', '.join(ADOPTABLE)}",
        "string_type": "a code or UID is to stand here",
        "string_too_short": "a code or UID is to stand here",
    }.get(sort, "it is no list of 'ours: theirs'")


def _uid_of(path: Path, kind: str, ours: str, said: Objects) -> str:
    for item in said.get(kind, []):
        if ours in (item["id"], label(item)):
            return str(item["id"])
    raise UsageError(
        f"{path}: {kind}: the package has no {ours}.", "Give its code (docs/fields.md) or UID (metadata/uids.csv)."
    )


def hint(kind: str, prop: str, ours: Json, theirs: Json) -> str:
    """How a mapping file says that an object which has a name of ours is to be used; nothing where it cannot be."""
    if kind not in ADOPTABLE or kind == READ_WHOLE or prop == "code":
        return ""
    return f"; if it means the same, a mapping file can say {kind}: {{{ours['code']}: {theirs['id']}}}"
