"""What the forms hold (``package.yaml``, ``attributes.yaml``, ``options.yaml``, ``stages.yaml``), as typed objects.

Sync and reports need this much of the metadata sources and no more. A field's key gives its code: ``host_lead`` becomes
``TPI_HOST_LEAD``. A key that stands in a second stage is the same data element, described where it comes first.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from tpi_dhis2.errors import SourceError
from tpi_dhis2.package.base import Source, read, validated
from tpi_dhis2.resources import folder


class FieldSource(Source):
    """One data element or attribute; ``type`` is a DHIS2 value type, ``options`` the name of an option set."""

    label: str = ""
    type: str = "TEXT"
    options: str | None = None
    name: str | None = None
    short: str | None = None
    help: str | None = None
    must: bool = False
    list: bool = False
    future: bool = False
    calculated: bool = False


class AttributeSource(FieldSource):
    """One tracked entity attribute."""

    key: str
    unique: bool = False
    search: bool = False


class SectionSource(Source):
    """A section of a form with the reason for asking; its ``id`` never changes."""

    id: str
    name: str
    why: str
    fields: dict[str, FieldSource]


class StageSource(Source):
    """One program stage: ``kind`` is the record's name in files, ``key`` the fields that tell its records apart."""

    code: str
    kind: str
    step: int
    name: str
    date_label: str
    description: str
    sections: list[SectionSource]
    key: list[str] = Field(default_factory=list)
    repeatable: bool = False
    access: str = "data"

    def flagged(self, flag: str, key: str, field: FieldSource, described: FieldSource) -> bool:
        """Whether a field of this stage is ``must`` or ``list``: as said here, or for its key fields as first said."""
        return bool(getattr(field, flag) or (key in self.key and getattr(described, flag)))


class OptionSetSource(Source):
    """An option set: codes and labels in order."""

    name: str
    options: dict[str, str]
    type: str = "TEXT"


class GroupSource(Source):
    """A user group and its access strings by what they are for."""

    name: str
    object: str
    data: str
    functioning: str


class NamedSource(Source):
    """What the program and the tracked entity type are called."""

    code: str
    name: str
    short: str
    description: str
    began_label: str = ""
    icon: str = ""
    color: str = ""


class HealthArea(Source):
    """The health area as the published packages name it."""

    code: str
    name: str


class PackageSource(Source):
    """The head of the package."""

    code: str
    name: str
    version: str
    locale: str
    health_area: HealthArea
    description: str
    tracked_entity_type: NamedSource
    program: NamedSource
    groups: dict[str, GroupSource]


class Forms(Source):
    """What the program is called, and what is entered in it."""

    package: PackageSource
    attributes: list[AttributeSource]
    option_sets: dict[str, OptionSetSource]
    stages: list[StageSource]

    @model_validator(mode="after")
    def _names_are_known(self) -> Forms:
        """Every option set, access and key field that is named is there."""
        for stage in self.stages:
            here = {key for section in stage.sections for key in section.fields}
            unknown = [key for key in stage.key if key != "@date" and key not in here]
            if unknown:
                raise ValueError(f"the key of {stage.kind} names {unknown[0]}, which is no field of it")
            if stage.access not in GroupSource.model_fields:
                raise ValueError(f"{stage.kind} has access '{stage.access}', which no group knows")
        fields = [*self.attributes, *(f for s in self.stages for part in s.sections for f in part.fields.values())]
        missing = [field.options for field in fields if field.options and field.options not in self.option_sets]
        if missing:
            raise ValueError(f"there is no option set {missing[0]}")
        return self

    def attribute(self, key: str) -> AttributeSource:
        """An attribute by its key."""
        return next(item for item in self.attributes if item.key == key)

    def value_type(self, field: FieldSource) -> str:
        """The DHIS2 value type: that of the option set when there is one."""
        return self.option_sets[field.options].type if field.options else field.type

    def elements(self) -> dict[str, FieldSource]:
        """The data elements by key, each as it is described where it comes first."""
        found: dict[str, FieldSource] = {}
        for stage in self.stages:
            for section in stage.sections:
                for key, field in section.fields.items():
                    if key not in found and not field.label:
                        raise SourceError(f"stages.yaml: {stage.kind}.{key} has no label and no earlier stage has it")
                    found.setdefault(key, field)
        return found


def load_forms(metadata: Path | None = None) -> Forms:
    """The forms of a metadata folder (default: the package's own); SourceError names file and line of a mistake."""
    return validated(Forms, form_sources(metadata or folder("metadata")))


def form_sources(where: Path) -> dict[str, Any]:
    """What the files say that the forms are made of."""
    options = read("options.yaml", where)
    options["COUNTRY"] = {"name": "Country", "options": _countries(where)}
    return {
        "package": read("package.yaml", where),
        "attributes": read("attributes.yaml", where).get("attributes"),
        "option_sets": options,
        "stages": read("stages.yaml", where).get("stages"),
    }


def _countries(metadata: Path) -> dict[str, str]:
    path = metadata / "countries.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["code"]: row["en"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise SourceError(f"{path} cannot be read as a list of code and en") from error
