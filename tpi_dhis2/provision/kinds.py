"""What is particular to a type of object when package and server are compared: the tables of it, in one place.

Each line is as recorded servers gave objects back (``tests/contract/test_compare_round_trip.py``).
"""

from __future__ import annotations

from tpi_dhis2.dhis2.versions import ServerVersion

#: Entries that live inside of an object, and what tells them apart: the object they join, or their own UID.
OWNED = {
    "programStageDataElements": "dataElement",
    "programTrackedEntityAttributes": "trackedEntityAttribute",
    "trackedEntityTypeAttributes": "trackedEntityAttribute",
    "dashboardItems": "id",
    "legends": "id",
    "mapViews": "id",
    "analyticsPeriodBoundaries": "id",
}
#: Entries that mean nothing beside ours: one that the package does not know goes. Other lists keep what a site added.
_WHOLE = {"legends", "mapViews", "analyticsPeriodBoundaries"}
#: What is drawn is drawn as the package says, in its order: an axis that a site added would make it another picture.
_DRAWN = {"visualizations", "eventVisualizations"}
#: Lists whose order people see. The others are sets to the server, which gives them back in any order.
_ORDERED = {
    ("optionSets", "options"),
    ("programStages", "programStageSections"),
    ("programStageSections", "dataElements"),
}
#: The site's from the moment the object exists.
_SITE_OWNED = {"sharing", "organisationUnits", "users"}
_SITE_VALUES = {("constants", "value")}
#: What servers take and do not give back as it was.
_NOT_RETURNED = {
    # The order of options is that of their set; the number itself is rewritten by servers from 2.41 on.
    ("options", "sortOrder"),
    ("programIndicatorGroups", "shortName"),
    ("indicatorGroups", "shortName"),
    # Kept as ``rawPeriods``.
    ("visualizations", "relativePeriods"),
    ("eventVisualizations", "relativePeriods"),
    # Kept in ``entityQueryCriteria``.
    ("trackedEntityInstanceFilters", "enrollmentStatus"),
    ("eventFilters", "code"),
    # Older servers name a layer after what it shows, and its rows are always the units.
    ("mapViews", "name"),
    ("mapViews", "rowDimensions"),
    # An import reads the dimensions and their items, not these three.
    ("mapViews", "columns"),
    ("mapViews", "rows"),
    ("mapViews", "filters"),
}

#: Types whose conditions a server looks up in what it has, not in what comes along (E4066, E4068): sent when it has it.
LAST = ("programStageWorkingLists",)
#: Types whose fields a server looks up in the stages and the program as it has them, when it has them (E4047, E4048:
#: BaseProgramRuleActionValidator takes them from the preheat, where what is stored comes first; 2.40 to 2.43).
AFTER_STAGES = ("programRules", "programRuleActions")


def is_sites(kind: str, prop: str) -> bool:
    """Whether a property is the site's once the object exists."""
    return prop in _SITE_OWNED or (kind, prop) in _SITE_VALUES


def is_returned(kind: str, prop: str, version: ServerVersion) -> bool:
    """Whether a server gives a property back as it was sent, so that it can be compared."""
    if (kind, prop) == ("trackedEntityTypes", "shortName"):
        return version.stores_type_short_name
    if prop == "rawPeriods":
        return version.returns_raw_periods
    return (kind, prop) not in _NOT_RETURNED


def is_whole(kind: str, prop: str) -> bool:
    """Whether the package says all of a list."""
    return prop in _WHOLE or (kind in _DRAWN and prop not in OWNED)


def is_ordered(kind: str, prop: str) -> bool:
    """Whether people see the order of a list."""
    return (kind, prop) in _ORDERED


def is_settled(kind: str, prop: str) -> bool:
    """Whether a property stays as the server has it when an object is sent again."""
    return (kind, prop) == ("options", "sortOrder")


#: Types of which an object of the site can stand for ours, in the order of judging: fields after their option sets.
ADOPTABLE = ("optionSets", "dataElements", "trackedEntityAttributes", "indicatorTypes")
#: The type that is adopted by its factor; servers have a handful of them, so all are read.
READ_WHOLE = "indicatorTypes"
