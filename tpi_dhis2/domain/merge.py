"""Three-way merge of a record, field by field: the last state both sides shared, ours, and theirs.

A record is a flat mapping from field to text; an absent field was not recorded. Fields changed on one side are taken,
fields changed on both sides to different values are a conflict that waits for a person and keeps our value meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Doc = dict[str, str]


@dataclass(frozen=True)
class Merge:
    """The merged record and the fields in conflict, each with our and their value (None: absent)."""

    doc: Doc
    conflicts: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)


def merge(base: Mapping[str, str] | None, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Merge:
    """Merge ours and theirs over their last common state; ``base`` None when they never shared one."""
    shared = base or {}
    doc: Doc = {}
    conflicts: dict[str, tuple[str | None, str | None]] = {}
    for key in sorted({*shared, *ours, *theirs}):
        was, mine, other = shared.get(key), ours.get(key), theirs.get(key)
        taken = other if mine == was else mine
        if mine not in (was, other) and other != was:
            conflicts[key] = (mine, other)
        if taken is not None:
            doc[key] = taken
    return Merge(doc, conflicts)
