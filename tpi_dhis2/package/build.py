"""The sources as one DHIS2 metadata bundle, the same bytes every time.

The shape follows what real servers of 2.40 to 2.43 took: a section is listed on its stage, an option on its set, a
stage on its program; the tracked entity type always has a short name (required since 2.42); organisation units are
never shipped, since they are the site's.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tpi_dhis2.package.base import PREFIX, code_of
from tpi_dhis2.package.build_boards import BoardBuilder
from tpi_dhis2.package.build_indicators import IndicatorBuilder
from tpi_dhis2.package.build_people import PeopleBuilder
from tpi_dhis2.package.build_rules import RuleBuilder
from tpi_dhis2.package.forms import AttributeSource, FieldSource, SectionSource, StageSource
from tpi_dhis2.package.sources import Sources
from tpi_dhis2.package.translate import UNTRANSLATED, Language, texts_within, translate
from tpi_dhis2.package.uids import Uids

Json = dict[str, Any]
Bundle = dict[str, Any]

DHIS2_VERSIONS = ("2.40", "2.41", "2.42", "2.43")
_LISTING = {"DESKTOP": {"type": "LISTING"}, "MOBILE": {"type": "LISTING"}}
#: Partnerships are no patients: an account may list them wherever it may search, without naming an attribute first.
#: With 1, a server refuses a pull to every account that may search in more units than it may capture in.
_SEARCHED_WITHOUT = 0
_SUMMED = {"INTEGER_ZERO_OR_POSITIVE"}
_AVERAGED = {"NUMBER", "PERCENTAGE", "INTEGER_POSITIVE"}


class Builder:
    """Builds the objects of a bundle; ``uids`` pins them."""

    def __init__(self, sources: Sources, uids: Uids, languages: dict[str, Language] | None = None) -> None:
        self.sources = sources
        self.uids = uids
        self.languages = languages or {}
        self.elements = sources.elements()
        self.people = PeopleBuilder(sources, self._ref)

    def bundle(self, dhis2_version: str = "2.42") -> Bundle:
        """The whole bundle for a DHIS2 version, types in the order of the published packages."""
        built = self._objects(dhis2_version)
        for kind, items in built.items():
            for item in texts_within(items) if kind not in UNTRANSLATED else []:
                found = translate(item, self.languages)
                if found:
                    item["translations"] = found
        return built

    def _objects(self, dhis2_version: str) -> Bundle:
        stages = self.sources.stages
        indicators = IndicatorBuilder(self.sources, self._ref, self._sharing("object"))
        return {
            "package": self._head(dhis2_version),
            "userGroups": [self._user_group(code) for code in self.sources.package.groups],
            "userRoles": self.people.roles(),
            "optionSets": [self._option_set(name) for name in self.sources.option_sets],
            "options": [option for name in self.sources.option_sets for option in self._options(name)],
            **indicators.early(),
            "trackedEntityAttributes": [self._attribute(item) for item in self.sources.attributes],
            "trackedEntityTypes": [self._tracked_entity_type()],
            "dataElements": [self._data_element(key, item) for key, item in self.elements.items()],
            "dataElementGroups": [self._data_element_group()],
            "programNotificationTemplates": self.people.templates(),
            "programs": [self._program()],
            "programStages": [self._stage(number, stage) for number, stage in enumerate(stages, 1)],
            "programStageSections": [
                self._section(stage, number, section)
                for stage in stages
                for number, section in enumerate(stage.sections, 1)
            ],
            **RuleBuilder(self.sources, self._ref).objects(),
            **indicators.objects(),
            **BoardBuilder(self.sources, self._ref, self._sharing).objects(dhis2_version),
        }

    def _head(self, dhis2_version: str) -> Json:
        package = self.sources.package
        return {
            "DHIS2Version": dhis2_version,
            "code": package.code,
            "description": package.description,
            "healthAreaCode": package.health_area.code,
            "healthAreaName": package.health_area.name,
            "locale": package.locale,
            "name": f"{package.code}_TRK_DHIS{dhis2_version}-{package.locale}",
            "type": "TRK",
            "version": package.version,
        }

    def _ref(self, kind: str, code: str) -> Json:
        return {"id": self.uids(kind, code)}

    def _sharing(self, use: str) -> Json:
        groups = self.sources.package.groups
        access = {self.uids("userGroups", code): getattr(group, use) for code, group in groups.items()}
        return {
            "external": False,
            "public": "r-------",
            "users": {},
            "userGroups": {uid: {"id": uid, "access": string} for uid, string in access.items()},
        }

    def _user_group(self, code: str) -> Json:
        nobody = {"external": False, "public": "r-------", "users": {}, "userGroups": {}}
        name = self.sources.package.groups[code].name
        return {**self._ref("userGroups", code), "code": code, "name": name, "sharing": nobody}

    def _option_set(self, name: str) -> Json:
        source = self.sources.option_sets[name]
        return {
            **self._ref("optionSets", code_of(name)),
            "code": code_of(name),
            "name": f"{PREFIX} - {source.name}",
            "valueType": source.type,
            "options": [self._ref("options", f"{code_of(name)}.{code}") for code in source.options],
            "sharing": self._sharing("object"),
        }

    def _options(self, name: str) -> list[Json]:
        return [
            {
                **self._ref("options", f"{code_of(name)}.{code}"),
                "code": code,
                "name": label,
                "sortOrder": number,
                "optionSet": self._ref("optionSets", code_of(name)),
            }
            for number, (code, label) in enumerate(self.sources.option_sets[name].options.items(), 1)
        ]

    def _field(self, kind: str, key: str, field: FieldSource) -> Json:
        name = field.name or field.label
        described = {
            **self._ref(kind, code_of(key)),
            "code": code_of(key),
            "name": f"{PREFIX} - {name}",
            "shortName": f"{PREFIX} {field.short or name}",
            "formName": field.label,
            "description": field.help or field.label,
            "valueType": self.sources.value_type(field),
            "aggregationType": self._aggregation(field),
            "sharing": self._sharing("object"),
        }
        if field.options:
            described["optionSet"] = self._ref("optionSets", code_of(field.options))
        return described

    def _aggregation(self, field: FieldSource) -> str:
        kind = self.sources.value_type(field)
        if kind in _SUMMED and not field.options:
            return "SUM"
        return "AVERAGE" if kind in _AVERAGED | _SUMMED else "NONE"

    def _attribute(self, item: AttributeSource) -> Json:
        return {**self._field("trackedEntityAttributes", item.key, item), "unique": item.unique}

    def _data_element(self, key: str, field: FieldSource) -> Json:
        return {**self._field("dataElements", key, field), "domainType": "TRACKER", "zeroIsSignificant": False}

    def _data_element_group(self) -> Json:
        return {
            **self._ref("dataElementGroups", "TPI_DATA_ELEMENTS"),
            "code": "TPI_DATA_ELEMENTS",
            "name": f"{PREFIX} - Data elements",
            "shortName": f"{PREFIX} Data elements",
            "dataElements": [self._ref("dataElements", code_of(key)) for key in self.elements],
            "sharing": self._sharing("object"),
        }

    def _tracked_entity_type(self) -> Json:
        source = self.sources.package.tracked_entity_type
        return {
            **self._ref("trackedEntityTypes", source.code),
            "code": source.code,
            "name": source.name,
            "shortName": source.short,
            "description": source.description,
            "featureType": "NONE",
            "minAttributesRequiredToSearch": _SEARCHED_WITHOUT,
            "maxTeiCountToReturn": 0,
            "allowAuditLog": True,
            "trackedEntityTypeAttributes": [
                {
                    **self._ref("trackedEntityTypeAttributes", code_of(item.key)),
                    "trackedEntityAttribute": self._ref("trackedEntityAttributes", code_of(item.key)),
                    "displayInList": True,
                    "searchable": True,
                    "mandatory": False,
                }
                for item in self.sources.attributes
                if item.list and item.search
            ],
            "sharing": self._sharing("data"),
        }

    def _program(self) -> Json:
        source = self.sources.package.program
        return {
            **self._ref("programs", source.code),
            "code": source.code,
            "name": source.name,
            "shortName": source.short,
            "description": source.description,
            "programType": "WITH_REGISTRATION",
            "trackedEntityType": self._ref("trackedEntityTypes", self.sources.package.tracked_entity_type.code),
            "accessLevel": "OPEN",
            "featureType": "NONE",
            "onlyEnrollOnce": False,
            "displayIncidentDate": False,
            "displayFrontPageList": True,
            "ignoreOverdueEvents": False,
            "useFirstStageDuringRegistration": False,
            "selectEnrollmentDatesInFuture": False,
            "selectIncidentDatesInFuture": False,
            "minAttributesRequiredToSearch": _SEARCHED_WITHOUT,
            "maxTeiCountToReturn": 0,
            "expiryDays": 0,
            "completeEventsExpiryDays": 0,
            "openDaysAfterCoEndDate": 0,
            "enrollmentDateLabel": source.began_label,
            "style": {"icon": source.icon, "color": source.color},
            "programTrackedEntityAttributes": [
                self._program_attribute(number, item) for number, item in enumerate(self.sources.attributes, 1)
            ],
            "programStages": [self._ref("programStages", stage.code) for stage in self.sources.stages],
            "notificationTemplates": self.people.listed(None),
            "sharing": self._sharing("data"),
        }

    def _program_attribute(self, number: int, item: AttributeSource) -> Json:
        return {
            **self._ref("programTrackedEntityAttributes", code_of(item.key)),
            "program": self._ref("programs", self.sources.package.program.code),
            "trackedEntityAttribute": self._ref("trackedEntityAttributes", code_of(item.key)),
            "sortOrder": number,
            "searchable": item.search,
            "displayInList": item.list,
            "mandatory": item.must,
            "allowFutureDate": item.future,
        }

    def _stage(self, number: int, stage: StageSource) -> Json:
        fields = [(key, field) for section in stage.sections for key, field in section.fields.items()]
        return {
            **self._ref("programStages", stage.code),
            "code": stage.code,
            "name": stage.name,
            "description": stage.description,
            "program": self._ref("programs", self.sources.package.program.code),
            "sortOrder": number,
            "repeatable": stage.repeatable,
            "validationStrategy": "ON_COMPLETE",
            "autoGenerateEvent": False,
            "minDaysFromStart": 0,
            "enableUserAssignment": False,
            "featureType": "NONE",
            "executionDateLabel": stage.date_label,
            "blockEntryForm": False,
            "hideDueDate": not stage.repeatable,
            "displayGenerateEventBox": False,
            "allowGenerateNextVisit": False,
            "remindCompleted": False,
            "generatedByEnrollmentDate": False,
            "openAfterEnrollment": False,
            "programStageDataElements": [
                self._stage_element(stage, place, key, field) for place, (key, field) in enumerate(fields, 1)
            ],
            "programStageSections": [
                self._ref("programStageSections", _section_code(stage, s)) for s in stage.sections
            ],
            "notificationTemplates": self.people.listed(stage.kind),
            "sharing": self._sharing(stage.access),
        }

    def _stage_element(self, stage: StageSource, place: int, key: str, field: FieldSource) -> Json:
        described = self.elements[key]
        return {
            **self._ref("programStageDataElements", f"{stage.code}.{code_of(key)}"),
            "dataElement": self._ref("dataElements", code_of(key)),
            "sortOrder": place,
            "compulsory": stage.flagged("must", key, field, described),
            "displayInReports": stage.flagged("list", key, field, described),
            "allowFutureDate": described.future,
            "allowProvidedElsewhere": False,
        }

    def _section(self, stage: StageSource, number: int, section: SectionSource) -> Json:
        return {
            **self._ref("programStageSections", _section_code(stage, section)),
            "name": section.name,
            "description": section.why,
            "sortOrder": number,
            "programStage": self._ref("programStages", stage.code),
            "dataElements": [self._ref("dataElements", code_of(key)) for key in section.fields],
            "renderType": _LISTING,
        }


def _section_code(stage: StageSource, section: SectionSource) -> str:
    return f"{stage.code}.{section.id}"


def dump(bundle: Bundle) -> str:
    """The bundle as text, the same for the same content."""
    return json.dumps(bundle, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def digest(bundle: Bundle) -> str:
    """What the package holds, as a short fingerprint; the DHIS2 version it is addressed to does not count."""
    content = {kind: objects for kind, objects in bundle.items() if kind != "package"}
    # Compact, since only that form is written by json's quick encoder: the digest is taken with every plan.
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
