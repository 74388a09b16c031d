"""User roles and messages as the sources tell them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal

from pydantic import Field, model_validator

from tpi_dhis2.package.base import Source

#: An attribute of the partnership in a text, by its key.
NAMED = re.compile(r"A\{(\w+)\}")


class RoleSource(Source):
    """A user role: its authorities, each with the reason for it."""

    name: str
    description: str
    authorities: dict[str, str] = Field(min_length=1)


class NotificationSource(Source):
    """A message that DHIS2 sends: ``at`` a stage or, without it, of the cycle."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    at: str | None = None
    when: Literal["began", "completed", "due"]
    days: int | None = None
    to: str
    name: str
    subject: str
    message: str

    @model_validator(mode="after")
    def _is_sent_at_some_time(self) -> NotificationSource:
        if (self.when == "due") != (self.days is not None):
            raise ValueError(f"notification {self.key}: days go with due, and due with days")
        if (self.when == "due" and self.at is None) or (self.when == "began" and self.at is not None):
            raise ValueError(f"notification {self.key}: a cycle begins, and an event is due")
        return self


def faults(
    notifications: Collection[NotificationSource],
    stages: Collection[str],
    groups: Collection[str],
    attributes: Collection[str],
) -> Iterator[str]:
    """What the messages name that is not there."""
    keys = [one.key for one in notifications]
    yield from (f"notification {key} stands twice" for key in sorted({key for key in keys if keys.count(key) > 1}))
    for one in notifications:
        if one.at is not None and one.at not in stages:
            yield f"notification {one.key} is for {one.at}, which is no stage"
        if one.to not in groups:
            yield f"notification {one.key} goes to {one.to}, which is no group"
        for name in NAMED.findall(one.subject + one.message):
            if name not in attributes:
                yield f"notification {one.key} names {name}, which is no attribute"
