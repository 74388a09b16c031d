"""Which tracker data a user may read: by sharing of types, programs and stages, and by org units in reach."""

from __future__ import annotations

from typing import Any

from tpi_dhis2.sandbox.accounts import DATA_READ, Account
from tpi_dhis2.sandbox.web import Json


def may_read(account: Account, program_uid: str, stage_uid: str | None, unit: str) -> bool:
    """Say whether the user may read enrollments or events of a program, stage and org unit."""
    program, stage = account.state.get("programs", program_uid), account.state.get("programStages", stage_uid)
    allowed = account.may(program, DATA_READ) and (stage is None or account.may(stage, DATA_READ))
    return allowed and _in_reach(account, unit, program)


def may_read_row(account: Account, row: Json) -> bool:
    """Say whether the user may read an enrollment or event."""
    return may_read(account, row["program"], row.get("programStage"), row["orgUnit"])


def _in_reach(account: Account, unit: Any, program: Json | None) -> bool:
    """Say whether a unit is in the search scope, or for a protected program in the capture scope."""
    closed = (program or {}).get("accessLevel") in ("PROTECTED", "CLOSED")
    return account.in_scope(unit) if closed else account.in_search_scope(unit)


def may_read_owned(account: Account, row: Json, program: str | None) -> bool:
    """Say whether the user may read a tracked entity, for a program or for none."""
    unit = (row.get("owners") or {}).get(program, row["orgUnit"])
    return may_read_entity(account, row["trackedEntityType"], unit, program)


def may_read_entity(account: Account, type_uid: str, unit: Any, program: str | None) -> bool:
    """Say whether the user may read tracked entities of a type that a unit owns for a program."""
    kind = account.state.get("trackedEntityTypes", type_uid)
    subject = account.state.get("programs", program)
    if not account.may(kind, DATA_READ) or (subject and not account.may(subject, DATA_READ)):
        return False
    return _in_reach(account, unit, subject)
