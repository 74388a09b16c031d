"""The table of metadata types: Java class, required and unique properties, lengths, references, sharing."""

from __future__ import annotations

from dataclasses import dataclass, field

NAME = {"name": 230}
SHORT = {"name": 230, "shortName": 50}
P = "org.hisp.dhis."


@dataclass(frozen=True)
class Type:
    """One type of metadata object, as /api/schemas describes it."""

    plural: str
    klass: str
    required: tuple[str, ...] = ("name",)
    unique: tuple[str, ...] = ("code",)
    lengths: dict[str, int] = field(default_factory=lambda: dict(NAME))
    shared: bool = True
    ordered: str = "name"

    @property
    def simple(self) -> str:
        """Return the class name without its package."""
        return self.klass.rsplit(".", 1)[1]


BOTH = ("name", "shortName")
UNIQUE = ("code", "name", "shortName")

_TABLE = (
    Type("userRoles", P + "user.UserRole", unique=("code", "name")),
    Type("userGroups", P + "user.UserGroup"),
    Type("users", P + "user.User", ("username", "firstName", "surname"), ("code", "username"), {}, shared=False),
    Type("optionSets", P + "option.OptionSet", ("name", "valueType"), ("code", "name")),
    Type("options", P + "option.Option", ("code", "name"), (), {"name": 230, "code": 230}, shared=False),
    Type("optionGroups", P + "option.OptionGroup", BOTH, UNIQUE, SHORT),
    Type("legendSets", P + "legend.LegendSet", unique=("code", "name")),
    Type("constants", P + "constant.Constant", (*BOTH, "value"), UNIQUE, SHORT),
    Type("attributes", P + "attribute.Attribute", ("name", "valueType"), ("code", "name"), SHORT),
    Type(
        "organisationUnits",
        P + "organisationunit.OrganisationUnit",
        (*BOTH, "openingDate"),
        ("code",),
        SHORT,
        shared=False,
    ),
    Type("organisationUnitLevels", P + "organisationunit.OrganisationUnitLevel", ("name", "level"), shared=False),
    Type("organisationUnitGroups", P + "organisationunit.OrganisationUnitGroup", BOTH, UNIQUE, SHORT),
    Type("categoryOptions", P + "category.CategoryOption", BOTH, UNIQUE, SHORT),
    Type("categories", P + "category.Category", BOTH, UNIQUE, SHORT),
    Type("categoryCombos", P + "category.CategoryCombo", ("name",), ("code", "name")),
    Type("categoryOptionCombos", P + "category.CategoryOptionCombo", ("categoryCombo",), shared=False),
    Type(
        "dataElements",
        P + "dataelement.DataElement",
        (*BOTH, "valueType", "domainType", "aggregationType"),
        UNIQUE,
        {**SHORT, "formName": 230, "fieldMask": 255, "url": 255},
    ),
    Type("dataElementGroups", P + "dataelement.DataElementGroup", BOTH, UNIQUE, SHORT),
    Type("indicatorTypes", P + "indicator.IndicatorType", ("name", "factor"), ("code", "name"), shared=False),
    Type(
        "indicators", P + "indicator.Indicator", (*BOTH, "indicatorType", "numerator", "denominator"), ("code",), SHORT
    ),
    Type("indicatorGroups", P + "indicator.IndicatorGroup", unique=("code", "name")),
    Type(
        "trackedEntityAttributes",
        P + "trackedentity.TrackedEntityAttribute",
        (*BOTH, "valueType", "aggregationType"),
        UNIQUE,
        {**SHORT, "pattern": 255, "expression": 255},
    ),
    Type("trackedEntityTypes", P + "trackedentity.TrackedEntityType", BOTH, UNIQUE, SHORT),
    Type(
        "programNotificationTemplates",
        P + "program.notification.ProgramNotificationTemplate",
        ("name", "messageTemplate"),
        lengths={"name": 230, "subjectTemplate": 100},
        shared=False,
    ),
    Type("programStages", P + "program.ProgramStage"),
    Type("programStageSections", P + "program.ProgramStageSection", shared=False),
    Type("programSections", P + "program.ProgramSection", shared=False),
    Type("programs", P + "program.Program", (*BOTH, "programType"), ("code",), SHORT),
    Type("programIndicators", P + "program.ProgramIndicator", (*BOTH, "program"), UNIQUE, SHORT),
    Type("programIndicatorGroups", P + "program.ProgramIndicatorGroup", unique=("code", "name")),
    Type(
        "programRuleVariables",
        P + "programrule.ProgramRuleVariable",
        ("name", "program", "programRuleVariableSourceType"),
        shared=False,
    ),
    Type(
        "programRuleActions",
        P + "programrule.ProgramRuleAction",
        ("programRuleActionType",),
        lengths={"location": 255},
        shared=False,
        ordered="created",
    ),
    Type(
        "programRules",
        P + "programrule.ProgramRule",
        ("name", "program"),
        lengths={"name": 230, "description": 255},
        shared=False,
    ),
    Type(
        "relationshipTypes",
        P + "relationship.RelationshipType",
        ("name", "fromToName", "fromConstraint", "toConstraint"),
        ("code", "name"),
        {"name": 230, "description": 255, "fromToName": 255, "toFromName": 255},
    ),
    Type(
        "eventVisualizations",
        P + "eventvisualization.EventVisualization",
        ("name", "type"),
        lengths={"name": 230, "title": 255, "subtitle": 255},
    ),
    Type(
        "visualizations",
        P + "visualization.Visualization",
        ("name", "type"),
        lengths={"name": 230, "title": 255, "subtitle": 255},
    ),
    Type("maps", P + "mapping.Map"),
    Type("dashboards", P + "dashboard.Dashboard"),
    Type(
        "trackedEntityInstanceFilters",
        P + "trackedentityfilter.TrackedEntityFilter",
        ("name", "program"),
        lengths={"name": 230, "description": 255},
    ),
    Type("eventFilters", P + "programstagefilter.EventFilter", lengths={"name": 230, "description": 255}),
    Type(
        "programStageWorkingLists",
        P + "programstageworkinglist.ProgramStageWorkingList",
        lengths={"name": 230, "description": 255},
    ),
)

TYPES: dict[str, Type] = {each.plural: each for each in _TABLE}

_SINGULAR = {
    "dataElement": "dataElements", "trackedEntityAttribute": "trackedEntityAttributes", "program": "programs",
    "programStage": "programStages", "optionSet": "optionSets", "option": "options", "optionGroup": "optionGroups",
    "categoryCombo": "categoryCombos", "legendSet": "legendSets", "trackedEntityType": "trackedEntityTypes",
    "programRule": "programRules", "indicatorType": "indicatorTypes", "parent": "organisationUnits",
    "programStageSection": "programStageSections", "programIndicator": "programIndicators",
    "recipientUserGroup": "userGroups", "visualization": "visualizations", "attributeCombo": "categoryCombos",
    "eventVisualization": "eventVisualizations", "map": "maps", "commentOptionSet": "optionSets",
    "attribute": "attributes", "indicator": "indicators",
}  # fmt: skip
_LISTS = {
    "dataElements": "dataElements", "programIndicators": "programIndicators", "indicators": "indicators",
    "options": "options", "organisationUnits": "organisationUnits", "users": "users", "userRoles": "userRoles",
    "userGroups": "userGroups", "legendSets": "legendSets", "categories": "categories",
    "categoryOptions": "categoryOptions", "programRuleActions": "programRuleActions",
    "programStages": "programStages", "programStageSections": "programStageSections",
    "programSections": "programSections", "trackedEntityAttributes": "trackedEntityAttributes",
    "notificationTemplates": "programNotificationTemplates", "managedGroups": "userGroups",
    "dataViewOrganisationUnits": "organisationUnits", "teiSearchOrganisationUnits": "organisationUnits",
    "categoryOptionCombos": "categoryOptionCombos", "programRuleVariables": "programRuleVariables",
    "children": "organisationUnits", "programs": "programs", "ancestors": "organisationUnits",
}  # fmt: skip

REFERENCES: dict[str, str] = {**_SINGULAR, **_LISTS}

# Objects that live inside of their owner and come and go with it.
CHILDREN = {
    "programStages": ("programStageDataElements",),
    "programs": ("programTrackedEntityAttributes",),
    "trackedEntityTypes": ("trackedEntityTypeAttributes",),
    "dashboards": ("dashboardItems",),
    "legendSets": ("legends",),
    "maps": ("mapViews",),
    "programIndicators": ("analyticsPeriodBoundaries",),
}

DATES = frozenset({"openingDate", "closedDate", "startDate", "endDate"})
NUMBERS = {"constants": ("value",), "indicatorTypes": ("factor",), "organisationUnitLevels": ("level",)}
FLOATS = {"constants": ("value",)}

_VALUE_TYPES_TEXT = (
    "TEXT LONG_TEXT MULTI_TEXT LETTER PHONE_NUMBER EMAIL BOOLEAN TRUE_ONLY DATE DATETIME TIME NUMBER UNIT_INTERVAL "
    "PERCENTAGE INTEGER INTEGER_POSITIVE INTEGER_NEGATIVE INTEGER_ZERO_OR_POSITIVE TRACKER_ASSOCIATE USERNAME "
    "COORDINATE ORGANISATION_UNIT REFERENCE AGE URL FILE_RESOURCE IMAGE GEOJSON"
)
_VALUE_TYPES = frozenset(_VALUE_TYPES_TEXT.split())
_AGGREGATIONS_TEXT = (
    "SUM AVERAGE AVERAGE_SUM_ORG_UNIT LAST LAST_AVERAGE_ORG_UNIT LAST_LAST_ORG_UNIT LAST_IN_PERIOD "
    "LAST_IN_PERIOD_AVERAGE_ORG_UNIT FIRST FIRST_AVERAGE_ORG_UNIT FIRST_FIRST_ORG_UNIT COUNT STDDEV VARIANCE MIN MAX "
    "MIN_SUM_ORG_UNIT MAX_SUM_ORG_UNIT NONE CUSTOM DEFAULT"
)
_AGGREGATIONS = frozenset(_AGGREGATIONS_TEXT.split())
_ACTIONS_TEXT = (
    "DISPLAYTEXT DISPLAYKEYVALUEPAIR HIDEFIELD HIDESECTION HIDEPROGRAMSTAGE ASSIGN SHOWWARNING WARNINGONCOMPLETE "
    "SHOWERROR ERRORONCOMPLETE CREATEEVENT SETMANDATORYFIELD SENDMESSAGE SCHEDULEMESSAGE HIDEOPTION HIDEOPTIONGROUP "
    "SHOWOPTIONGROUP"
)
_ACTIONS = frozenset(_ACTIONS_TEXT.split())
_SOURCES_TEXT = (
    "DATAELEMENT_NEWEST_EVENT_PROGRAM_STAGE DATAELEMENT_NEWEST_EVENT_PROGRAM DATAELEMENT_CURRENT_EVENT "
    "DATAELEMENT_PREVIOUS_EVENT CALCULATED_VALUE TEI_ATTRIBUTE"
)
_SOURCES = frozenset(_SOURCES_TEXT.split())

ENUMS: dict[str, frozenset[str]] = {
    "valueType": _VALUE_TYPES,
    "aggregationType": _AGGREGATIONS,
    "domainType": frozenset({"AGGREGATE", "TRACKER"}),
    "featureType": frozenset({"NONE", "MULTI_POLYGON", "POLYGON", "POINT", "SYMBOL"}),
    "programType": frozenset({"WITH_REGISTRATION", "WITHOUT_REGISTRATION"}),
    "accessLevel": frozenset({"OPEN", "AUDITED", "PROTECTED", "CLOSED"}),
    "analyticsType": frozenset({"EVENT", "ENROLLMENT"}),
    "validationStrategy": frozenset({"ON_COMPLETE", "ON_UPDATE_AND_INSERT"}),
    "programRuleActionType": _ACTIONS,
    "programRuleVariableSourceType": _SOURCES,
}


def required_by(each: Type, minor: int) -> tuple[str, ...]:
    """Return the properties that a version demands."""
    if each.plural == "trackedEntityTypes" and minor < 42:
        return ("name",)
    return each.required


def enum_values(name: str, minor: int) -> frozenset[str] | None:
    """Return the constants that a property may hold, or None when it is free."""
    values = ENUMS.get(name)
    if name == "programRuleActionType" and values and minor >= 43:
        return values | {"SCHEDULEEVENT"}
    return values


def by_simple_name() -> dict[str, Type]:
    """Return the types by their class name without package."""
    return {each.simple: each for each in TYPES.values()}
