"""Changes that a server takes without a word and that would break what records hold.

On the recorded servers of all versions only aggregate data elements are protected (E1121): another value type, another
code of an option, a stage that no longer repeats are accepted for tracker data, and every later change of such a
record is refused.
"""

from __future__ import annotations

from tpi_dhis2.provision.compare import Change

_FIXED = {
    "dataElements": {"valueType", "domainType", "optionSet"},
    "trackedEntityAttributes": {"valueType", "optionSet", "unique", "generated"},
    "optionSets": {"valueType"},
    "options": {"code"},
    "programStages": {"repeatable"},
    "programs": {"programType", "trackedEntityType"},
}


def breaking(kind: str, changes: list[Change]) -> list[Change]:
    """Those changes of an object that must not be made while there are records."""
    fixed = _FIXED.get(kind, set())
    return [change for change in changes if change.prop in fixed and not _widens(change)]


def _widens(change: Change) -> bool:
    """Whether every value that was allowed is allowed after the change."""
    return (change.prop, change.new) in (("repeatable", True), ("unique", False), ("generated", False))


def reason(kind: str, name: str, change: Change) -> str:
    """The words for a change that is refused."""
    return (
        f"{kind}: {change.prop} of '{name}' would become {_short(change.new)} where it is {_short(change.old)}, and"
        " there are records that would no longer fit"
    )


def _short(value: object) -> str:
    return str(value.get("id", value)) if isinstance(value, dict) else str(value)
