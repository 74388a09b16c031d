"""The metadata sources that people edit (``metadata/*.yaml``), as typed objects: the forms, and all around them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from tpi_dhis2.package import people
from tpi_dhis2.package.base import read, validated
from tpi_dhis2.package.boards import Boards, StagedBoard
from tpi_dhis2.package.forms import Forms, form_sources
from tpi_dhis2.package.indicators import IndicatorSources
from tpi_dhis2.package.people import NotificationSource, RoleSource
from tpi_dhis2.package.rule_terms import write_out
from tpi_dhis2.package.rules import RuleSource, faults
from tpi_dhis2.resources import folder


class Sources(Forms):
    """All sources of the package."""

    rules: list[RuleSource] = Field(default_factory=list)
    indicators: IndicatorSources = Field(default_factory=IndicatorSources)
    boards: Boards = Field(default_factory=Boards)
    roles: dict[str, RoleSource] = Field(default_factory=dict)
    notifications: list[NotificationSource] = Field(default_factory=list)

    @model_validator(mode="after")
    def _boards_name_stages(self) -> Sources:
        kinds = {"", *(stage.kind for stage in self.stages)}
        boards: list[StagedBoard] = [*self.boards.line_lists, *self.boards.lists]
        for board in boards:
            if board.stage not in kinds:
                raise ValueError(f"{board.key} is of {board.stage}, which is no stage")
        return self

    @model_validator(mode="after")
    def _rules_name_what_is_there(self) -> Sources:
        stages = {stage.kind: {section.id: section.fields for section in stage.sections} for stage in self.stages}
        for fault in faults(self.rules, stages, [item.key for item in self.attributes]):
            raise ValueError(fault)
        known = {**{item.key: item for item in self.attributes}, **self.elements()}
        for rule in self.rules:
            if written := [key for key in rule.assign if not known[key].calculated]:
                raise ValueError(f"rule {rule.key} fills in {written[0]}, which is a person's field")
        return self

    @model_validator(mode="after")
    def _messages_name_what_is_there(self) -> Sources:
        stages = [stage.kind for stage in self.stages]
        attributes = [item.key for item in self.attributes]
        for fault in people.faults(self.notifications, stages, self.package.groups, attributes):
            raise ValueError(fault)
        return self


@cache
def load(metadata: Path | None = None) -> Sources:
    """All sources of a metadata folder (default: the package's own); SourceError names file and line of a mistake."""
    where = metadata or folder("metadata")
    others = {
        "rules": write_out(read("rules.yaml", where)),
        "indicators": read("indicators.yaml", where),
        "boards": read("dashboards.yaml", where) | read("worklists.yaml", where),
        "roles": read("roles.yaml", where).get("roles"),
        "notifications": read("notifications.yaml", where).get("notifications"),
    }
    return validated(Sources, {**form_sources(where), **others})
