"""Which authorities each type asks for, and what they and sharing let an account do with an object.

Recorded in the schemas of the four versions (``/api/schemas/{type}``, the same in all but for external access); the
types of which no schema is recorded are as DHIS2's own descriptors have them. As there, and as recorded for a constant
that an account without any authority imported, a type that is shared asks nobody who creates for its ``CREATE``.
"""

from __future__ import annotations

from tpi_dhis2.sandbox.accounts import META_WRITE, Account
from tpi_dhis2.sandbox.schema import TYPES
from tpi_dhis2.sandbox.web import Json

PRIVATE = "--------"
CREATES = ("CREATE", "CREATE_PRIVATE", "CREATE_PUBLIC")
#: Types whose objects may be changed by sharing alone.
IMPLICIT = frozenset(
    (
        "dashboards",
        "maps",
        "visualizations",
        "eventVisualizations",
        "programStageWorkingLists",
        "trackedEntityInstanceFilters",
    )
)
_PUBLIC_AND_PRIVATE = {
    "programs": "F_PROGRAM", "dataElements": "F_DATAELEMENT", "trackedEntityAttributes": "F_TRACKED_ENTITY_ATTRIBUTE",
    "optionSets": "F_OPTIONSET", "options": "F_OPTIONSET", "programIndicators": "F_PROGRAM_INDICATOR",
    "relationshipTypes": "F_RELATIONSHIPTYPE", "userGroups": "F_USERGROUP", "legendSets": "F_LEGEND_SET",
    "indicators": "F_INDICATOR", "userRoles": "F_USERROLE", "dataElementGroups": "F_DATAELEMENTGROUP",
    "indicatorGroups": "F_INDICATORGROUP",
}  # fmt: skip
_DRAWN = {
    "visualizations": "F_VISUALIZATION", "eventVisualizations": "F_EVENT_VISUALIZATION", "maps": "F_MAP",
    "dashboards": "F_DASHBOARD",
}  # fmt: skip
_MANAGE = ["F_PROGRAM_RULE_MANAGEMENT"]
_OF_STAGES = {"CREATE": ["F_PROGRAMSTAGE_ADD"], "DELETE": ["F_PROGRAMSTAGE_DELETE"]}
_OTHERS: dict[str, dict[str, list[str]]] = {
    "programStages": _OF_STAGES,
    "programStageSections": _OF_STAGES,
    "programStageWorkingLists": _OF_STAGES,
    "trackedEntityInstanceFilters": _OF_STAGES,
    "programRuleActions": {"CREATE": _MANAGE, "DELETE": _MANAGE},
    "programRuleVariables": {"CREATE": _MANAGE, "DELETE": _MANAGE},
    "programRules": {"CREATE": ["F_PROGRAM_RULE_ADD", *_MANAGE], "DELETE": ["F_PROGRAM_RULE_DELETE", *_MANAGE]},
    "programNotificationTemplates": {
        "CREATE": ["F_PROGRAM_PUBLIC_ADD", "F_PROGRAM_PRIVATE_ADD"],
        "DELETE": ["F_PROGRAM_DELETE"],
    },
    "programIndicatorGroups": {
        "CREATE": ["F_PROGRAM_INDICATOR_GROUP_PUBLIC_ADD", "F_PROGRAM_INDICATOR_GROUP_PRIVATE_ADD"],
        "DELETE": ["F_PROGRAM_INDICATOR_GROUP_DELETE"],
    },
    "trackedEntityTypes": {
        "CREATE": ["F_TRACKED_ENTITY_ADD"],
        "UPDATE": ["F_TRACKED_ENTITY_UPDATE"],
        "DELETE": ["F_TRACKED_ENTITY_DELETE"],
    },
    "constants": {"CREATE": ["F_CONSTANT_ADD"], "DELETE": ["F_CONSTANT_DELETE"]},
    "indicatorTypes": {"CREATE": ["F_INDICATORTYPE_ADD"], "DELETE": ["F_INDICATORTYPE_DELETE"]},
    "organisationUnits": {"CREATE": ["F_ORGANISATIONUNIT_ADD"], "DELETE": ["F_ORGANISATIONUNIT_DELETE"]},
}
KNOWN = (*_PUBLIC_AND_PRIVATE, *_DRAWN, *_OTHERS)


def authorities(plural: str, minor: int) -> dict[str, list[str]]:
    """Return the authorities of a type by what they are for; one of each list is enough."""
    if plural in _PUBLIC_AND_PRIVATE:
        base = _PUBLIC_AND_PRIVATE[plural]
        return {
            "CREATE_PUBLIC": [f"{base}_PUBLIC_ADD"],
            "CREATE_PRIVATE": [f"{base}_PRIVATE_ADD"],
            "DELETE": [f"{base}_DELETE"],
        }
    if plural in _DRAWN:
        base = _DRAWN[plural]
        public = [f"{base}_PUBLIC_ADD"]
        external = public if plural == "dashboards" else [f"{base}_EXTERNAL"]
        return {"CREATE_PUBLIC": public, **({"EXTERNALIZE": external} if minor < 43 else {})}
    return _OTHERS.get(plural, {})


def may_create(account: Account, plural: str) -> bool:
    """Say whether an account may create objects of a type."""
    if not TYPES[plural].shared:
        return _has(account, plural, "CREATE")
    return _has(account, plural, "CREATE_PUBLIC") or _has(account, plural, "CREATE_PRIVATE")


def may_share(account: Account, plural: str, item: Json) -> bool:
    """Say whether an account may give an object the public access that it has."""
    public = (item.get("sharing") or {}).get("public") or PRIVATE
    if not TYPES[plural].shared or _has(account, plural, "CREATE_PUBLIC"):
        return True
    return public == PRIVATE and _has(account, plural, "CREATE_PRIVATE")


def may_change(account: Account, plural: str, item: Json, *what: str) -> bool:
    """Say whether an account may change an object (``UPDATE``), or delete it (``DELETE``)."""
    table = authorities(plural, account.state.minor)
    asked = [name for kind in what for name in table.get(kind, [])]
    asked = asked or [name for kind in CREATES for name in table.get(kind, [])]
    if asked and not any(map(account.has, asked)) and plural not in IMPLICIT:
        return False
    return not TYPES[plural].shared or (may_share(account, plural, item) and account.may(item, META_WRITE))


def _has(account: Account, plural: str, kind: str) -> bool:
    asked = authorities(plural, account.state.minor).get(kind, [])
    return not asked or any(map(account.has, asked))
