"""What a server adds to a metadata object that says nothing of it, by type and version, as recorded."""

from __future__ import annotations

from tpi_dhis2.sandbox.fresh import COMBO
from tpi_dhis2.sandbox.web import Json

#: Switches that are off.
_OFF = {
    "programs": "skipOffline onlyEnrollOnce displayIncidentDate selectEnrollmentDatesInFuture "
    "selectIncidentDatesInFuture ignoreOverdueEvents displayFrontPageList useFirstStageDuringRegistration",
    "programStages": "repeatable referral preGenerateUID blockEntryForm remindCompleted generatedByEnrollmentDate "
    "allowGenerateNextVisit openAfterEnrollment hideDueDate enableUserAssignment",
    "dataElements": "zeroIsSignificant",
    "trackedEntityTypes": "allowAuditLog",
    "trackedEntityAttributes": "unique generated inherit confidential orgunitScope skipSynchronization "
    "displayOnVisitSchedule displayInListNoProgram",
    "users": "disabled externalAuth selfRegistered invitation",
    "dashboards": "restrictFilters",
    "relationshipTypes": "bidirectional referral",
    "indicators": "annualized",
    "programNotificationTemplates": "sendRepeatable",
    "attributes": "mandatory unique categoryAttribute categoryOptionAttribute categoryOptionComboAttribute "
    "categoryOptionGroupAttribute categoryOptionGroupSetAttribute constantAttribute dataElementAttribute "
    "dataElementGroupAttribute dataElementGroupSetAttribute dataSetAttribute documentAttribute eventChartAttribute "
    "eventReportAttribute indicatorAttribute indicatorGroupAttribute legendSetAttribute mapAttribute optionAttribute "
    "optionSetAttribute organisationUnitAttribute organisationUnitGroupAttribute organisationUnitGroupSetAttribute "
    "programAttribute programIndicatorAttribute programStageAttribute relationshipTypeAttribute sectionAttribute "
    "sqlViewAttribute trackedEntityAttributeAttribute trackedEntityTypeAttribute userAttribute userGroupAttribute "
    "validationRuleAttribute validationRuleGroupAttribute visualizationAttribute",
    "drawings": "colSubTotals colTotals completedOnly cumulativeValues hideEmptyRows hideLegend hideSubtitle hideTitle "
    "noSpaceBetweenColumns percentStackedValues rowSubTotals rowTotals showData showDimensionLabels showHierarchy "
    "skipRounding userOrganisationUnit userOrganisationUnitChildren userOrganisationUnitGrandChildren",
    "visualizations": "fixColumnHeaders fixRowHeaders hideEmptyColumns regression",
    "eventVisualizations": "collapseDataDimensions hideNaData legacy",
}
#: Lists that are empty.
_NONE = {
    "programs": "organisationUnits programTrackedEntityAttributes notificationTemplates",
    "programStages": "programStageDataElements programStageSections notificationTemplates",
    "programStageSections": "programIndicators",
    "dataElements": "legendSets aggregationLevels",
    "trackedEntityTypes": "trackedEntityTypeAttributes",
    "trackedEntityAttributes": "legendSets",
    "optionSets": "options",
    "userGroups": "users managedGroups",
    "userRoles": "authorities restrictions",
    "users": "organisationUnits dataViewOrganisationUnits teiSearchOrganisationUnits catDimensionConstraints "
    "cogsDimensionConstraints",
    "dashboards": "dashboardItems allowedFilters",
    "programRules": "programRuleActions",
    "indicators": "legendSets",
    "programIndicators": "legendSets analyticsPeriodBoundaries",
    "programNotificationTemplates": "deliveryChannels",
    "trackedEntityInstanceFilters": "eventFilters",
    "drawings": "categoryDimensions categoryOptionGroupSetDimensions itemOrganisationUnitGroups organisationUnits "
    "organisationUnitGroupSetDimensions organisationUnitLevels periods rawPeriods",
    "visualizations": "axes dataElementGroupSetDimensions icons optionalAxes series yearlySeries",
    "eventVisualizations": "programIndicatorDimensions repetitions sorting",
}
_OTHERS: dict[str, Json] = {
    "programs": {"version": 0, "expiryDays": 0, "accessLevel": "OPEN", "completeEventsExpiryDays": 0,
                 "featureType": "NONE", "minAttributesRequiredToSearch": 1, "maxTeiCountToReturn": 0,
                 "openDaysAfterCoEndDate": 0},
    "programStages": {"validationStrategy": "ON_COMPLETE", "minDaysFromStart": 0, "autoGenerateEvent": True,
                      "displayGenerateEventBox": True},
    "trackedEntityTypes": {"minAttributesRequiredToSearch": 1, "maxTeiCountToReturn": 0, "featureType": "NONE"},
    "trackedEntityAttributes": {"pattern": ""},
    "optionSets": {"version": 0},
    "drawings": {"hideEmptyRowItems": "NONE", "regressionType": "NONE", "sortOrder": 0, "topLimit": 0},
    "visualizations": {"displayDensity": "NORMAL", "fontSize": "NORMAL"},
    "eventVisualizations": {"digitGroupSeparator": "SPACE"},
}  # fmt: skip
#: What came with a version.
_SINCE: dict[tuple[int, str], Json] = {
    (41, "visualizations"): {"sorting": []},
    (42, "programs"): {"categoryMappings": []},
    (42, "programIndicators"): {"categoryMappingIds": []},
    (42, "users"): {"emailVerified": False},
    (43, "programs"): {"enableChangeLog": False, "enrollmentCategoryCombo": {"id": COMBO}, "userRoles": []},
    (43, "trackedEntityTypes"): {"enableChangeLog": False},
    (43, "trackedEntityAttributes"): {"blockedSearchOperators": [], "minCharactersToSearch": 0, "skipAnalytics": False,
                                      "trigramIndexable": False},
    (43, "maps"): {"basemaps": []},
    (43, "eventVisualizations"): {"fixColumnHeaders": False, "fixRowHeaders": False, "hideEmptyColumns": False},
}  # fmt: skip
_DRAWINGS = ("visualizations", "eventVisualizations")
#: Of objects that live inside of another: of each, and of each kind.
_INNER_OFF = {
    "programTrackedEntityAttributes": "renderOptionsAsRadio",
    "programStageDataElements": "renderOptionsAsRadio skipAnalytics skipSynchronization",
}
#: Inner objects that nobody can mark as a favourite from 2.43 on.
_PLAIN_SINCE_43 = ("legends", "dashboardItems")


def defaults(plural: str, minor: int) -> Json:
    """Return the properties of a new object of a type, each as a server of the version fills it in."""
    found: Json = {}
    for name in ("drawings", plural) if plural in _DRAWINGS else (plural,):
        found |= dict.fromkeys(_OFF.get(name, "").split(), False)
        found |= {each: [] for each in _NONE.get(name, "").split()}
        found |= _OTHERS.get(name, {})
    for (since, name), properties in _SINCE.items():
        found |= properties if name == plural and minor >= since else {}
    return found


def inner_defaults(name: str, minor: int) -> Json:
    """Return the properties of an object in a list of this name, inside of another object."""
    old = {"externalAccess": False, "userAccesses": [], "userGroupAccesses": []}
    outer = {"externalize": True} if minor < 43 else {}
    rights = ("manage", "write", "read", "update", "delete")
    found: Json = {**(old if minor == 40 else {}), "access": dict.fromkeys(rights, True) | outer}
    found |= dict.fromkeys(_INNER_OFF.get(name, "").split(), False)
    plain = minor >= 43 and name in _PLAIN_SINCE_43
    if not (plain and name == "dashboardItems"):
        sharing: Json = {"users": {}, "userGroups": {}}
        found |= {"attributeValues": [], "sharing": {"external": False, **sharing} if minor < 43 else sharing}
    return found if plain else {**found, "favorite": False, "favorites": []}
