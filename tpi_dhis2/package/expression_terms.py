"""What expressions may name, and what each version makes of it."""

from __future__ import annotations

import operator
from typing import Any

from tpi_dhis2.package.lint_fields import option_codes

Item = dict[str, Any]
Objects = list[Item]

#: What 2.40 to 2.43 all have and count alike: the kinds of the arguments, and of what comes out.
FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "d2:hasValue": (("item",), "boolean"),
    "d2:daysBetween": (("date", "date"), "number"),
    "d2:monthsBetween": (("date", "date"), "number"),
    "d2:count": (("element",), "number"),
    "d2:countIfCondition": (("element", "text"), "number"),
}
VARIABLES = {
    "event_count": "number",
    "enrollment_count": "number",
    "org_unit_count": "number",
    "enrollment_date": "date",
    "event_date": "date",
    "current_date": "date",
    "enrollment_status": "text",
    "program_stage_id": "text",
}
#: What fails, or counts something else, on at least one version.
NOT_IN = {
    "EVENT": {"d2:count", "d2:countIfCondition", "enrollment_status"},
    "ENROLLMENT": {"event_count", "org_unit_count", "program_stage_id", "event_date"},
}
STATES = {"ACTIVE", "COMPLETED", "CANCELLED"}
COMPARED = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DATES = {"DATE", "DATETIME", "AGE"}
_NUMBERS = {
    "NUMBER", "PERCENTAGE", "BOOLEAN", "INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE",
}  # fmt: skip


def kind_of_type(value_type: str) -> str:
    """What an expression sees of a value type; DHIS2 counts yes as 1 and no as 0."""
    return "date" if value_type in _DATES else "number" if value_type in _NUMBERS else "text"


class Held:
    """What expressions may name: the fields of each stage, attributes, constants, program indicators."""

    def __init__(self, kinds: dict[str, Objects]) -> None:
        elements = {item["id"]: item for item in kinds.get("dataElements", [])}
        self.stages = {stage["id"] for stage in kinds.get("programStages", [])}
        self.named: dict[str, Item] = {
            f"#{stage['id']}.{entry['dataElement']['id']}": elements.get(entry["dataElement"]["id"], {})
            for stage in kinds.get("programStages", [])
            for entry in stage["programStageDataElements"]
        }
        self.named |= {f"A{item['id']}": item for item in kinds.get("trackedEntityAttributes", [])}
        self.named |= {f"C{item['id']}": item for item in kinds.get("constants", [])}
        self.named |= {f"I{item['id']}": item for item in kinds.get("programIndicators", [])}
        self.codes = option_codes(kinds)
