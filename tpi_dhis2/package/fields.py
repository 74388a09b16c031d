"""What the fields of the package are: labels, types, options, and the UIDs that DHIS2 knows them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tpi_dhis2.package.base import code_of
from tpi_dhis2.package.forms import FieldSource, Forms, StageSource, load_forms
from tpi_dhis2.package.uids import Uids
from tpi_dhis2.resources import folder


@dataclass(frozen=True)
class FieldInfo:
    """One field: its key, its UID, its DHIS2 value type and its options (code to label), if it has a set."""

    key: str
    uid: str
    source: FieldSource
    value_type: str
    options: dict[str, str] | None

    @property
    def label(self) -> str:
        """What stands beside the field in a form."""
        return self.source.label


@dataclass(frozen=True)
class StageInfo:
    """One stage: its kind of record, its UID, its fields by key, and those that a completed record must have."""

    kind: str
    uid: str
    source: StageSource
    fields: dict[str, FieldInfo]
    must: frozenset[str]


class Fields:
    """The fields of the package; also the labels that documents use."""

    def __init__(self, forms: Forms, uids: Uids) -> None:
        self.forms = forms
        self._uids = uids
        self.program = uids("programs", forms.package.program.code)
        self.tracked_entity_type = uids("trackedEntityTypes", forms.package.tracked_entity_type.code)

    def _info(self, kind: str, key: str, field: FieldSource) -> FieldInfo:
        option_set = self.forms.option_sets[field.options] if field.options else None
        return FieldInfo(
            key=key,
            uid=self._uids(kind, code_of(key)),
            source=field,
            value_type=option_set.type if option_set else field.type,
            options=dict(option_set.options) if option_set else None,
        )

    @cached_property
    def attributes(self) -> dict[str, FieldInfo]:
        """The attributes of a partnership by key."""
        return {item.key: self._info("trackedEntityAttributes", item.key, item) for item in self.forms.attributes}

    @cached_property
    def elements(self) -> dict[str, FieldInfo]:
        """The data elements by key."""
        return {key: self._info("dataElements", key, field) for key, field in self.forms.elements().items()}

    @cached_property
    def stages(self) -> dict[str, StageInfo]:
        """The stages by kind of record."""
        return {stage.kind: self._stage(stage) for stage in self.forms.stages}

    def _stage(self, stage: StageSource) -> StageInfo:
        here = {key: field for section in stage.sections for key, field in section.fields.items()}
        must = {key for key, field in here.items() if stage.flagged("must", key, field, self.elements[key].source)}
        uid = self._uids("programStages", stage.code)
        return StageInfo(stage.kind, uid, stage, {key: self.elements[key] for key in here}, frozenset(must))

    @cached_property
    def calculated(self) -> frozenset[str]:
        """The keys that no person fills: this tool writes them, and program rules some of them."""
        infos = {**self.attributes, **self.elements}
        return frozenset(key for key, info in infos.items() if info.source.calculated)

    def missing(self, kind: str, doc: Mapping[str, str]) -> list[FieldInfo]:
        """The mandatory fields a doc lacks: of a partnership (kind "") always, of a record once it is completed."""
        if not kind:
            return [info for key, info in self.attributes.items() if info.source.must and not doc.get(key)]
        if doc.get("@status") != "COMPLETED":
            return []
        stage = self.stages[kind]
        return [info for key, info in stage.fields.items() if key in stage.must and not doc.get(key)]

    def _find(self, key: str) -> FieldInfo | None:
        return self.elements.get(key) or self.attributes.get(key)

    def label(self, key: str) -> str:
        """The form label of a field; the key itself for one that the package does not know."""
        info = self._find(key)
        return info.label if info else key

    def show(self, key: str, value: str | None) -> str | None:
        """A value as people read it: the label of an option, yes or no, else the value; None stays None."""
        info = self._find(key)
        if info is None or value is None:
            return value
        if info.options is not None:
            return info.options.get(value, value)
        if info.value_type in ("BOOLEAN", "TRUE_ONLY"):
            return {"true": "Yes", "false": "No"}.get(value, value)
        return value


@cache
def package_fields(metadata: Path | None = None) -> Fields:
    """The fields of the package at hand."""
    where = metadata or folder("metadata")
    return Fields(load_forms(metadata), Uids.read(where))
