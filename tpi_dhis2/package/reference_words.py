"""What the reference calls things: types of objects, value types, rights, languages, effects of rules, periods."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

#: What an object of a type is called, what several are called, and the property that names what it is a part of.
KINDS = {
    "userGroups": ("User group", "user groups", ""),
    "optionSets": ("Option set", "option sets", ""),
    "options": ("Option", "options", "optionSet"),
    "trackedEntityAttributes": ("Attribute", "attributes", ""),
    "trackedEntityTypes": ("Tracked entity type", "tracked entity type", ""),
    "dataElements": ("Field (data element)", "fields", ""),
    "dataElementGroups": ("Data element group", "data element group", ""),
    "programs": ("Program", "program", ""),
    "programStages": ("Stage", "stages", "program"),
    "programStageSections": ("Section", "sections", "programStage"),
    "programRules": ("Rule", "rules", "program"),
    "programRuleVariables": ("Variable of the rules", "variables of the rules", "program"),
    "programRuleActions": ("Action of a rule", "actions of rules", "programRule"),
    "trackedEntityTypeAttributes": ("Attribute of the tracked entity type", "", ""),
    "programTrackedEntityAttributes": ("Attribute in the program", "", ""),
    "programStageDataElements": ("Field in a stage", "", ""),
    "constants": ("Constant", "constants", ""),
    "legendSets": ("Legend set", "legend sets", ""),
    "legends": ("Colour of a legend set", "", ""),
    "programIndicators": ("Program indicator", "program indicators", "program"),
    "analyticsPeriodBoundaries": ("Boundary of the time of an indicator", "", ""),
    "programIndicatorGroups": ("Group of program indicators", "groups of program indicators", ""),
    "indicatorTypes": ("Indicator type", "indicator types", ""),
    "indicators": ("Indicator", "indicators", ""),
    "indicatorGroups": ("Group of indicators", "groups of indicators", ""),
    "visualizations": ("Chart or table", "charts and tables", ""),
    "eventVisualizations": ("Line list", "line lists", ""),
    "maps": ("Map", "maps", ""),
    "mapViews": ("Layer of a map", "", ""),
    "dashboards": ("Dashboard", "dashboards", ""),
    "dashboardItems": ("Item of a dashboard", "", ""),
    "trackedEntityInstanceFilters": ("Working list of partnerships", "working lists of partnerships", "program"),
    "programStageWorkingLists": ("Working list of a stage", "working lists of stages", "programStage"),
    "eventFilters": ("Working list of events", "working lists of events", ""),
    "programNotificationTemplates": ("Message", "messages", ""),
    "userRoles": ("User role", "user roles", ""),
}
#: How an indicator comes from what it takes of each record.
COUNTS = {"COUNT": "Counts", "SUM": "Adds up", "AVERAGE": "Mean of", "LAST": "Newest of", "MIN": "Least", "MAX": "Most"}
#: The dates that bound an indicator, and on which side of the period they lie.
TARGETS = {"EVENT_DATE": "date of the record", "ENROLLMENT_DATE": "date the cycle began"}
BOUNDARIES = {
    "AFTER_START_OF_REPORTING_PERIOD": "from the first day of the period",
    "BEFORE_END_OF_REPORTING_PERIOD": "up to the last day of the period",
    "BEFORE_START_OF_REPORTING_PERIOD": "before the first day of the period",
    "AFTER_END_OF_REPORTING_PERIOD": "after the last day of the period",
}
#: When DHIS2 sends a message.
TRIGGERS = {
    "ENROLLMENT": "when a cycle begins",
    "COMPLETION": "when it is completed",
    "SCHEDULED_DAYS_DUE_DATE": "the day it is planned for",
    "SCHEDULED_DAYS_ENROLLMENT_DATE": "the day the cycle began",
}
#: What stands on a dashboard.
ITEMS = {"TEXT": "text", "VISUALIZATION": "chart or table", "EVENT_VISUALIZATION": "line list", "MAP": "map"}
#: The axes of a chart or list.
DIMENSIONS = ("columnDimensions", "rowDimensions", "filterDimensions")
#: What an action of a rule does, before the name of the field or section it does it to.
EFFECTS = {
    "HIDEFIELD": "Hides",
    "HIDESECTION": "Hides",
    "ASSIGN": "Calculates",
    "SHOWERROR": "Refuses at",
    "ERRORONCOMPLETE": "Refuses to complete at",
    "SHOWWARNING": "Warns at",
    "WARNINGONCOMPLETE": "Warns on completing at",
}
_TYPES = {
    "TEXT": "text, one line",
    "LONG_TEXT": "text, several lines",
    "NUMBER": "number",
    "INTEGER": "whole number",
    "INTEGER_POSITIVE": "whole number from 1 up",
    "INTEGER_ZERO_OR_POSITIVE": "whole number from 0 up",
    "PERCENTAGE": "percentage from 0 to 100",
    "BOOLEAN": "yes or no",
    "TRUE_ONLY": "tick, or left empty",
    "DATE": "date",
    "PHONE_NUMBER": "telephone number",
    "EMAIL": "e-mail address",
    "URL": "web address",
    "FILE_RESOURCE": "file",
    "ORGANISATION_UNIT": "unit of this DHIS2",
}
LANGUAGES = {"ar": "Arabic", "es": "Spanish", "fr": "French", "pt": "Portuguese", "ru": "Russian", "sw": "Swahili"}
#: The types whose objects hold records, so that rights to records are given with them.
HOLD_RECORDS = {"trackedEntityTypes", "programs", "programStages"}
_SETUP = {"r-": "see how it is set up", "rw": "see and change how it is set up"}
_RECORDS = {"--": "no right to records", "r-": "read records", "rw": "read and write records"}
EVERYBODY = "Everybody with an account"


def plain_word(constant: str) -> str:
    """A constant of DHIS2 such as ``LAST_12_MONTHS`` as people write it."""
    return constant.lower().replace("_", " ")


def kind_in_words(kind: str) -> tuple[str, str, str]:
    """The entry of ``KINDS``; the name that DHIS2 gives a type, in single words, when nobody has named it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    return KINDS.get(kind, (words.removesuffix("s").capitalize(), words, ""))


def type_in_words(item: Json, option_set: str = "", *, future: bool = False) -> str:
    """What may be answered to a field."""
    if option_set:
        return f"one of: {option_set}"
    kind = item["valueType"]
    words = _TYPES.get(kind, kind.lower().replace("_", " "))
    return f"{words}, {'also in the future' if future else 'today or earlier'}" if kind == "DATE" else words


def access_in_words(kind: str, access: str) -> str:
    """What an access string of DHIS2 lets people do with objects of a type, and with the records they hold."""
    setup = _SETUP.get(access[:2], "nothing")
    return f"{setup}; {_RECORDS.get(access[2:4], access)}" if kind in HOLD_RECORDS else setup
