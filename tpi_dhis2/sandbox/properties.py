"""The properties that each type of metadata object owns; anything else in a payload is ignored.

Taken from the recorded schemas and round trips. Every object has the common ones as well.
"""

from __future__ import annotations

_COMMON = "id code name created lastUpdated createdBy lastUpdatedBy user sharing translations attributeValues"
COMMON = frozenset(_COMMON.split())

_NAMES = {
    "userGroups": "description managedGroups users",
    "userRoles": "authorities description restrictions",
    "users": (
        "dataViewOrganisationUnits disabled email externalAuth firstName jobTitle organisationUnits password "
        "phoneNumber settings surname teiSearchOrganisationUnits userCredentials userGroups userRoles username"
    ),
    "optionSets": "description options valueType version",
    "options": "description formName optionSet sortOrder style",
    "optionGroups": "description optionSet options shortName",
    "legendSets": "legends symbolizer",
    "constants": "description shortName value",
    "attributes": (
        "categoryAttribute categoryOptionAttribute categoryOptionComboAttribute categoryOptionGroupAttribute "
        "categoryOptionGroupSetAttribute constantAttribute dataElementAttribute dataElementGroupAttribute "
        "dataElementGroupSetAttribute dataSetAttribute description documentAttribute eventChartAttribute "
        "eventReportAttribute indicatorAttribute indicatorGroupAttribute legendSetAttribute mandatory "
        "mapAttribute objectTypes optionAttribute optionSet optionSetAttribute organisationUnitAttribute "
        "organisationUnitGroupAttribute organisationUnitGroupSetAttribute programAttribute "
        "programIndicatorAttribute programStageAttribute relationshipTypeAttribute sectionAttribute shortName "
        "sortOrder sqlViewAttribute trackedEntityAttributeAttribute trackedEntityTypeAttribute unique "
        "userAttribute userGroupAttribute validationRuleAttribute validationRuleGroupAttribute valueType "
        "visualizationAttribute"
    ),
    "trackedEntityAttributes": (
        "aggregationType blockedSearchOperators confidential description displayInListNoProgram "
        "displayOnVisitSchedule expression fieldMask formName generated inherit legendSets minCharactersToSearch "
        "optionSet orgunitScope pattern preferredSearchOperator shortName skipAnalytics skipSynchronization "
        "sortOrderInListNoProgram sortOrderInVisitSchedule style trigramIndexable unique valueType"
    ),
    "trackedEntityTypes": (
        "allowAuditLog description enableChangeLog featureType formName maxTeiCountToReturn "
        "minAttributesRequiredToSearch shortName style trackedEntityTypeAttributes trackedEntityTypesLabel"
    ),
    "dataElements": (
        "aggregationLevels aggregationType categoryCombo commentOptionSet description domainType fieldMask "
        "formName legendSets optionSet shortName style url valueType valueTypeOptions zeroIsSignificant"
    ),
    "dataElementGroups": "dataElements description shortName",
    "programs": (
        "accessLevel categoryCombo categoryMappings completeEventsExpiryDays dataEntryForm description "
        "displayFrontPageList displayIncidentDate enableChangeLog enrollmentCategoryCombo enrollmentDateLabel "
        "enrollmentLabel enrollmentsLabel eventLabel eventsLabel expiryDays expiryPeriodType featureType "
        "followUpLabel formName ignoreOverdueEvents incidentDateLabel maxTeiCountToReturn "
        "minAttributesRequiredToSearch noteLabel notificationTemplates onlyEnrollOnce openDaysAfterCoEndDate "
        "orgUnitLabel organisationUnits programSections programStageLabel programStages programStagesLabel "
        "programTrackedEntityAttributes programType relatedProgram relationshipLabel "
        "selectEnrollmentDatesInFuture selectIncidentDatesInFuture shortName skipOffline style "
        "trackedEntityAttributeLabel trackedEntityType useFirstStageDuringRegistration userRoles version"
    ),
    "programStages": (
        "allowGenerateNextVisit autoGenerateEvent blockEntryForm dataEntryForm description "
        "displayGenerateEventBox dueDateLabel enableUserAssignment eventLabel eventsLabel executionDateLabel "
        "featureType formName generatedByEnrollmentDate hideDueDate minDaysFromStart nextScheduleDate "
        "notificationTemplates openAfterEnrollment periodType preGenerateUID program programStageDataElements "
        "programStageLabel programStageSections referral remindCompleted repeatable reportDateToUse sortOrder "
        "standardInterval style validationStrategy"
    ),
    "programStageSections": "dataElements description formName programIndicators programStage renderType sortOrder",
    "programSections": "description formName program renderType sortOrder trackedEntityAttributes",
    "programRules": "condition description priority program programRuleActions programStage",
    "programRuleVariables": (
        "dataElement program programRuleVariableSourceType programStage trackedEntityAttribute "
        "useCodeForOptionSet valueType"
    ),
    "programRuleActions": (
        "content data dataElement evaluationEnvironments evaluationTime legendSet location option optionGroup "
        "priority programIndicator programRule programRuleActionType programStage programStageSection templateUid "
        "trackedEntityAttribute"
    ),
    "programNotificationTemplates": (
        "deliveryChannels messageTemplate notificationRecipient notificationTrigger "
        "notifyParentOrganisationUnitOnly notifyUsersInHierarchyOnly recipientDataElement "
        "recipientProgramAttribute recipientUserGroup relativeScheduledDays sendRepeatable subjectTemplate"
    ),
    "programIndicators": (
        "aggregateExportAttributeOptionCombo aggregateExportCategoryOptionCombo aggregateExportDataElement "
        "aggregationType analyticsPeriodBoundaries analyticsType attributeCombo categoryCombo categoryMappingIds "
        "decimals description displayInForm expression filter formName legendSets orgUnitField program shortName "
        "style"
    ),
    "programIndicatorGroups": "description programIndicators ",
    "indicators": (
        "aggregateExportAttributeOptionCombo aggregateExportCategoryOptionCombo annualized decimals denominator "
        "denominatorDescription description formName indicatorType legendSets numerator numeratorDescription "
        "shortName style url"
    ),
    "indicatorTypes": "factor number",
    "indicatorGroups": "description indicators ",
    "relationshipTypes": "bidirectional description fromConstraint fromToName referral toConstraint toFromName",
    "visualizations": (
        "aggregationType axes categoryDimensions categoryOptionGroupSetDimensions colSubTotals colTotals colorSet "
        "columnDimensions completedOnly cumulativeValues dataDimensionItems dataElementGroupSetDimensions "
        "description digitGroupSeparator displayDensity endDate filterDimensions fixColumnHeaders fixRowHeaders "
        "fontSize fontStyle hideEmptyColumns hideEmptyRowItems hideEmptyRows hideLegend hideSubtitle hideTitle "
        "icons itemOrganisationUnitGroups legend measureCriteria noSpaceBetweenColumns numberType optionalAxes "
        "organisationUnitGroupSetDimensions organisationUnitLevels organisationUnits outlierAnalysis "
        "percentStackedValues periods rawPeriods regression regressionType reportingParams "
        "rowDimensions rowSubTotals rowTotals series seriesKey showData showDimensionLabels showHierarchy "
        "skipRounding sortOrder sorting startDate subscribers subtitle title topLimit type userOrgUnitType "
        "userOrganisationUnit userOrganisationUnitChildren userOrganisationUnitGrandChildren yearlySeries"
    ),
    "eventVisualizations": (
        "aggregationType attributeDimensions attributeValueDimension baseLineLabel baseLineValue "
        "categoryDimensions categoryOptionGroupSetDimensions colSubTotals colTotals collapseDataDimensions "
        "columnDimensions completedOnly cumulativeValues dataElementDimensions dataElementValueDimension dataType "
        "description digitGroupSeparator displayDensity domainAxisLabel endDate eventStatus filterDimensions "
        "fixColumnHeaders fixRowHeaders fontSize hideEmptyColumns hideEmptyRowItems hideEmptyRows hideLegend "
        "hideNaData hideSubtitle hideTitle itemOrganisationUnitGroups legacy legend noSpaceBetweenColumns "
        "orgUnitField organisationUnitGroupSetDimensions organisationUnitLevels organisationUnits outputType "
        "percentStackedValues periods program programIndicatorDimensions programStage programStatus "
        "rangeAxisDecimals rangeAxisLabel rangeAxisMaxValue rangeAxisMinValue rangeAxisSteps rawPeriods "
        "regressionType repetitions rowDimensions rowSubTotals rowTotals showData showDimensionLabels "
        "showHierarchy simpleDimensions skipRounding sortOrder sorting startDate subscribers subtitle "
        "targetLineLabel targetLineValue timeField title topLimit trackedEntityType type userOrgUnitType "
        "userOrganisationUnit userOrganisationUnitChildren userOrganisationUnitGrandChildren"
    ),
    "maps": "basemap description latitude longitude mapViews subscribers zoom",
    "dashboards": "allowedFilters dashboardItems description embedded itemConfig layout restrictFilters",
    "trackedEntityInstanceFilters": ("description entityQueryCriteria eventFilters program sortOrder style"),
    "eventFilters": "description eventQueryCriteria program programStage sortOrder",
    "programStageWorkingLists": "description program programStage programStageQueryCriteria sortOrder",
    "organisationUnits": (
        "address closedDate comment contactPerson description email geometry image openingDate parent phoneNumber "
        "shortName url"
    ),
    "organisationUnitLevels": "level offlineLevels",
    "organisationUnitGroups": "color description organisationUnits shortName symbol",
    "categories": "categoryOptions dataDimension dataDimensionType description shortName",
    "categoryCombos": "categories dataDimensionType shortName skipTotal",
    "categoryOptions": "description endDate formName organisationUnits shortName startDate style",
    "categoryOptionCombos": "categoryCombo categoryOptions ignoreApproval",
}

OWNED: dict[str, frozenset[str]] = {plural: frozenset(names.split()) for plural, names in _NAMES.items()}
