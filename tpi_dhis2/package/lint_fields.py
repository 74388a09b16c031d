"""What the forms of a bundle ask: the fields of each stage, the attributes, their types and codes of options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

Item = dict[str, Any]


def option_codes(kinds: dict[str, list[Item]]) -> dict[str, set[str]]:
    """The codes of each option set, by its UID."""
    codes: dict[str, set[str]] = {item["id"]: set() for item in kinds.get("optionSets", []) if "id" in item}
    for option in kinds.get("options", []):
        codes.setdefault((option.get("optionSet") or {}).get("id", ""), set()).add(option["code"])
    return codes


class Forms:
    """Reads a bundle by UID."""

    def __init__(self, kinds: dict[str, list[Item]]) -> None:
        self.kinds = kinds
        self.fields = {
            item["id"]: item for kind in ("dataElements", "trackedEntityAttributes") for item in kinds.get(kind, [])
        }

    @cached_property
    def attributes(self) -> set[str]:
        """The attributes of the program."""
        programs = self.kinds.get("programs", [])
        return {
            entry["trackedEntityAttribute"]["id"]
            for program in programs
            for entry in program["programTrackedEntityAttributes"]
        }

    @cached_property
    def _stages(self) -> dict[str, set[str]]:
        return {
            stage["id"]: {entry["dataElement"]["id"] for entry in stage["programStageDataElements"]}
            for stage in self.kinds.get("programStages", [])
        }

    @cached_property
    def _codes(self) -> dict[str, set[str]]:
        return option_codes(self.kinds)

    def of_stage(self, stage: str | None) -> set[str]:
        """The data elements of a stage; none of a stage that is not in the bundle."""
        return self._stages.get(stage or "", set())

    @cached_property
    def _sections(self) -> dict[str, set[str]]:
        return {
            stage["id"]: {ref["id"] for ref in stage["programStageSections"]}
            for stage in self.kinds.get("programStages", [])
        }

    def has(self, stage: str | None, uid: str) -> bool:
        """Whether a form has a field, a section or an attribute: that of a stage, or without one the profile."""
        return uid in self.attributes or uid in self.of_stage(stage) | self._sections.get(stage or "", set())

    def value_type(self, uid: str) -> str:
        """The value type of a field or attribute; empty for one that is not in the bundle."""
        return str(self.fields.get(uid, {}).get("valueType", ""))

    def has_options(self, uid: str) -> bool:
        """Whether a field or attribute is answered from an option set."""
        return "optionSet" in self.fields.get(uid, {})

    def unknown_codes(self, uid: str, codes: Iterable[str]) -> Iterator[str]:
        """A finding for each code that a field cannot have."""
        if not self.fields.get(uid):
            return
        option_set = self.fields[uid].get("optionSet", {}).get("id", "")
        known = self._codes.get(option_set, set()) if option_set else {"true", "false"}
        yield from (f"asks {uid} for {code}, which it cannot be" for code in codes if code not in known)
