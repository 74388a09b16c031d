"""One object of each type that a package can hold, modelled on what recorded servers took; the values are invented."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.domain.uids import derive_uid

Json = dict[str, Any]

#: The types beside those of the forms and rules.
TYPES = (
    "constants",
    "legendSets",
    "programIndicators",
    "programIndicatorGroups",
    "indicatorTypes",
    "indicators",
    "indicatorGroups",
    "visualizations",
    "eventVisualizations",
    "maps",
    "dashboards",
    "trackedEntityInstanceFilters",
    "eventFilters",
    "programStageWorkingLists",
    "programNotificationTemplates",
    "userRoles",
)


def uid(kind: str) -> str:
    """The UID of the sample of a type."""
    return derive_uid("tests", kind, "sample")


def ref(kind: str) -> Json:
    """A reference to the sample of a type."""
    return {"id": uid(kind)}


def extended(built: Json) -> Json:
    """A package with a sample of each type; the message stands on a stage."""
    samples = {kind: [*built.get(kind, []), {**_head(kind, built), **body}] for kind, body in _bodies(built).items()}
    return {**built, **samples, **_with_templates(built)}


def _head(kind: str, built: Json) -> Json:
    head: Json = {**ref(kind), "name": f"TPI - Sample of {kind}"}
    if kind != "indicatorTypes":
        head["code"] = f"TPI_SAMPLE_{kind.upper()}"
    if kind not in ("indicatorTypes", "programNotificationTemplates"):
        head["sharing"] = built["userGroups" if kind == "userRoles" else "optionSets"][0]["sharing"]
    return head


def _with_templates(built: Json) -> Json:
    *stages, last = built["programStages"]
    listed = [*last.get("notificationTemplates", []), ref("programNotificationTemplates")]
    return {"programStages": [*stages, {**last, "notificationTemplates": listed}]}


def _bodies(built: Json) -> Json:
    return {**_numbers(built), **_drawings(built), **_lists(built), **_people(built)}


def _numbers(built: Json) -> Json:
    program, uids = {"id": built["programs"][0]["id"]}, (uid("a boundary"), uid("another boundary"))
    ends = ("AFTER_START_OF_REPORTING_PERIOD", "BEFORE_END_OF_REPORTING_PERIOD")
    boundaries = [
        {"id": one, "boundaryTarget": "EVENT_DATE", "analyticsPeriodBoundaryType": end}
        for one, end in zip(uids, ends, strict=True)
    ]
    return {
        "constants": {"shortName": "TPI Sample constant", "value": 6, "description": "Months"},
        "legendSets": {
            "legends": [
                {"id": uid("low"), "name": "Low", "startValue": 0, "endValue": 50, "color": "#cc3333"},
                {"id": uid("high"), "name": "High", "startValue": 50, "endValue": 101, "color": "#33aa33"},
            ],
        },
        "programIndicators": {
            "shortName": "TPI Sample PI", "description": "Meetings held", "program": program, "analyticsType": "EVENT",
            "expression": "V{event_count}", "filter": "V{event_status} == 'COMPLETED'", "aggregationType": "COUNT",
            "decimals": 0, "displayInForm": False, "legendSets": [ref("legendSets")],
            "analyticsPeriodBoundaries": boundaries,
        },
        "programIndicatorGroups": {
            "shortName": "TPI Sample PIs", "programIndicators": [ref("programIndicators")],
        },
        # Of no type that the package itself has.
        "indicatorTypes": {"factor": 10000, "number": False},
        "indicators": {
            "shortName": "TPI Sample indicator", "description": "Met", "indicatorType": ref("indicatorTypes"),
            "numerator": f"I{{{uid('programIndicators')}}}", "numeratorDescription": "Met",
            "denominator": "1", "denominatorDescription": "All", "annualized": False, "decimals": 1,
        },
        "indicatorGroups": {"shortName": "TPI Sample indicators", "indicators": [ref("indicators")]},
    }  # fmt: skip


def _drawings(built: Json) -> Json:
    program, stage = {"id": built["programs"][0]["id"]}, {"id": built["programStages"][0]["id"]}
    element = {"id": built["programStages"][0]["programStageDataElements"][0]["dataElement"]["id"]}
    items = [{"dataDimensionItemType": "PROGRAM_INDICATOR", "programIndicator": ref("programIndicators")}]
    shown = {
        "columnDimensions": ["dx"], "rowDimensions": ["pe"], "filterDimensions": ["ou"], "dataDimensionItems": items,
        "relativePeriods": {"last12Months": True}, "rawPeriods": ["LAST_12_MONTHS"], "userOrganisationUnit": True,
    }  # fmt: skip
    layer = {"id": uid("a layer"), "layer": "thematic", "name": "Layer", "renderingStrategy": "SINGLE", "opacity": 0.9,
             "thematicMapType": "CHOROPLETH", "method": 3, "classes": 5, "organisationUnitLevels": [2]}  # fmt: skip
    # 2.40 takes no layer that shows anything.
    if built["package"]["DHIS2Version"] != "2.40":
        layer |= {**shown, "rowDimensions": ["ou"], "filterDimensions": ["pe"]}
    size = {"width": 29, "height": 20}
    return {
        "visualizations": {**shown, "type": "COLUMN", "description": "By month", "digitGroupSeparator": "SPACE"},
        "eventVisualizations": {
            "type": "LINE_LIST", "dataType": "EVENTS", "outputType": "EVENT", "program": program,
            "programStage": stage, "columnDimensions": ["ou", element["id"], "eventDate"], "rowDimensions": [],
            "filterDimensions": [], "userOrganisationUnit": True,
            "simpleDimensions": [{"parent": "COLUMN", "dimension": "eventDate", "values": ["LAST_12_MONTHS"]}],
            "dataElementDimensions": [{"dataElement": element, "programStage": stage}],
        },
        "maps": {"basemap": "osmLight", "longitude": 30.3, "latitude": -1.6, "zoom": 7, "mapViews": [layer]},
        "dashboards": {
            "description": "Sample",
            "dashboardItems": [
                {"id": uid("a text"), "type": "TEXT", "text": "Meetings", "x": 0, "y": 0, "width": 58, "height": 2},
                {"id": uid("a chart"), "type": "VISUALIZATION", "visualization": ref("visualizations"), "x": 0, "y": 2,
                 **size},
                {"id": uid("a list"), "type": "EVENT_VISUALIZATION", "x": 29, "y": 2,
                 "eventVisualization": ref("eventVisualizations"), **size},
                {"id": uid("a map"), "type": "MAP", "map": ref("maps"), "x": 0, "y": 22, **size},
            ],
            "itemConfig": {"insertHeight": 20, "insertPosition": "END"},
            "layout": {"columns": [], "spacing": {"column": 0, "row": 0}},
        },
    }  # fmt: skip


def _lists(built: Json) -> Json:
    program, stage = {"id": built["programs"][0]["id"]}, {"id": built["programStages"][0]["id"]}
    name = built["trackedEntityAttributes"][0]["id"]
    return {
        "trackedEntityInstanceFilters": {
            "description": "In progress", "program": program, "sortOrder": 1,
            "entityQueryCriteria": {"enrollmentStatus": "ACTIVE", "displayColumnOrder": [name],
                                    "attributeValueFilters": [{"attribute": name, "like": "a"}]},
        },
        "eventFilters": {
            "description": "Held", "program": program["id"], "programStage": stage["id"],
            "eventQueryCriteria": {"status": "ACTIVE", "order": "occurredAt:desc"},
        },
        "programStageWorkingLists": {
            "description": "Planned", "program": program, "programStage": stage,
            "programStageQueryCriteria": {"eventStatus": "SCHEDULE", "enrollmentStatus": "ACTIVE",
                                          "displayColumnOrder": [name]},
        },
    }  # fmt: skip


def _people(built: Json) -> Json:
    return {
        "programNotificationTemplates": {
            "subjectTemplate": "Due", "messageTemplate": "Due on V{due_date}",
            "notificationTrigger": "SCHEDULED_DAYS_DUE_DATE", "relativeScheduledDays": -7,
            "notificationRecipient": "USER_GROUP", "recipientUserGroup": {"id": built["userGroups"][0]["id"]},
            "notifyUsersInHierarchyOnly": True, "deliveryChannels": [], "sendRepeatable": False,
        },
        "userRoles": {"description": "Sample", "authorities": ["M_dhis-web-capture"]},
    }  # fmt: skip
