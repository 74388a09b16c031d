"""Which rights an account lacks: authorities by type, and objects whose sharing does not let it write.

The authorities are those that the server itself names (``/api/schemas``), so they are right for its version. They are
weighed as its access control does (``DefaultAclService``, the same in 2.40 to 2.43):

- Who creates objects of a type that is not shared needs one of ``CREATE``. Of a shared type it is one of
  ``CREATE_PUBLIC``, or of ``CREATE_PRIVATE`` when the object is open to nobody but those it names. Where a type names
  none, nobody is asked: the recordings have an account without any authority that imported a constant.
- Whether an object may be changed the server says (``access``); the authorities of its type and its sharing tell why
  not. Some types (``implicitPrivateAuthority``) need no authority where sharing lets an account write.
- A role that holds ``ALL`` only a superuser may write (E3032). Other authorities of a role are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import Forbidden
from tpi_dhis2.provision.plan import CREATE, UPDATE, Plan, Step

Json = dict[str, Any]

ALL = "ALL"
_PRIVATE = "--------"
_CREATES = ("CREATE", "CREATE_PUBLIC", "CREATE_PRIVATE")
_CHUNK = 100


@dataclass(frozen=True)
class Lack:
    """A right that is missing for some objects of a type: one of the authorities, or (none named) their sharing."""

    kind: str
    action: str
    count: int
    authorities: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        objects = f"{self.count} {self.kind} to {self.action}"
        if self.authorities:
            return f"{' or '.join(self.authorities)} for {objects}"
        more = f" and {len(self.names) - 3} more" if len(self.names) > 3 else ""
        return f"write access by sharing for {objects} ({', '.join(self.names[:3])}{more})"


@dataclass(frozen=True)
class _Type:
    """What a server says of a type; of one that it does not name nothing is asked, and it will judge by itself."""

    shared: bool = False
    implicit: bool = False
    asked: dict[str, list[str]] = field(default_factory=dict)

    def asks(self, *kinds: str) -> list[str]:
        return [name for kind in kinds for name in self.asked.get(kind, [])]


class Rights:
    """What an account may do with the types and objects of a server."""

    def __init__(self, client: Client) -> None:
        self.metadata = Metadata(client)
        self.me = self.metadata.me("id,authorities,userGroups[id]")
        self.held = set(self.me.get("authorities") or [])

    @property
    def is_super(self) -> bool:
        """Whether the account may do everything."""
        return ALL in self.held

    @cached_property
    def _types(self) -> dict[str, _Type]:
        params = {"fields": "plural,shareable,implicitPrivateAuthority,authorities"}
        body = self.metadata.client.get_object("schemas", params)
        return {str(schema["plural"]): _type(schema) for schema in body.get("schemas", []) if schema.get("plural")}

    def lacks(self, asked: Iterable[str]) -> tuple[str, ...]:
        """The authorities of which one would be enough; none when one is held or nothing is asked."""
        names = tuple(dict.fromkeys(asked))
        return () if self.is_super or self.held & set(names) else names

    def to_create(self, kind: str, item: Json) -> tuple[str, ...]:
        """The authorities of which one is missing to create an object."""
        if ALL in item.get("authorities", ()):
            return self.lacks([ALL])
        of_type = self._types.get(kind, _Type())
        return self._to_share(of_type, item) if of_type.shared else self.lacks(of_type.asks("CREATE"))

    def _to_share(self, of_type: _Type, item: Json) -> tuple[str, ...]:
        public, private = of_type.asks("CREATE_PUBLIC"), of_type.asks("CREATE_PRIVATE")
        if (item.get("sharing") or {}).get("public", _PRIVATE) != _PRIVATE:
            return self.lacks(public)
        return self.lacks([*public, *private]) if public and private else ()

    def to_change(self, kind: str, item: Json, action: str = UPDATE) -> list[tuple[str, ...]]:
        """What is missing to change or delete an object: authorities of which one is, or () for its sharing."""
        of_type = self._types.get(kind, _Type())
        public = self._to_share(of_type, item) if of_type.shared else ()
        shares = not of_type.shared or self._shares(item)
        asked = of_type.asks(action.upper()) or of_type.asks(*_CREATES)
        missing = () if of_type.implicit and shares else self.lacks(asked)
        found = [missing] if missing and not (public and set(public) <= set(asked)) else []
        return [*found, *([public] if public else []), *([] if shares else [()])]

    def _shares(self, item: Json) -> bool:
        sharing = item.get("sharing") or {}
        mine = [sharing.get("public")]
        mine += [(sharing.get("users") or {}).get(self.me.get("id"), {}).get("access")]
        groups = {group["id"] for group in self.me.get("userGroups") or []}
        mine += [each.get("access") for uid, each in (sharing.get("userGroups") or {}).items() if uid in groups]
        return sharing.get("owner") in (None, self.me.get("id")) or any("w" in (text or "")[:2] for text in mine)

    def refused(self, kind: str, uids: list[str], action: str) -> set[str]:
        """Those of some objects that the server says the account may not change."""
        found: set[str] = set()
        for start in range(0, len(uids), _CHUNK):
            some = ",".join(uids[start : start + _CHUNK])
            items = self.metadata.all_of(kind, {"filter": f"id:in:[{some}]", "fields": "id,access"})
            found |= {item["id"] for item in items if not item.get("access", {}).get(action, True)}
        return found


def _type(schema: Json) -> _Type:
    asked = {str(each["type"]): list(each["authorities"]) for each in schema.get("authorities") or []}
    return _Type(bool(schema.get("shareable")), bool(schema.get("implicitPrivateAuthority")), asked)


def missing_rights(client: Client, plan: Plan) -> list[Lack]:
    """What this account lacks to carry out a plan, by type; nothing for a superuser."""
    rights = Rights(client)
    if rights.is_super:
        return []
    steps = [(step, rights.to_create(step.kind, step.payload)) for step in plan.of(CREATE)]
    found = [(step, missing) for step, missing in steps if missing]
    found += _changes(rights, plan, plan.of(UPDATE))
    return _gathered(found)


def _changes(rights: Rights, plan: Plan, steps: list[Step]) -> Iterator[tuple[Step, tuple[str, ...]]]:
    actual = {item["id"]: item for items in plan.actual.values() for item in items}
    by_kind: dict[str, list[Step]] = {}
    for step in steps:
        by_kind.setdefault(step.kind, []).append(step)
    for kind, some in by_kind.items():
        refused = rights.refused(kind, [step.uid for step in some], UPDATE)
        for step in some:
            if ALL in step.payload.get("authorities", ()):
                yield step, (ALL,)
            elif step.uid in refused:
                yield from ((step, missing) for missing in rights.to_change(kind, actual[step.uid]) or [()])


def standing_rights(client: Client, plan: Plan, action: str) -> list[Lack]:
    """What this account lacks to change (or delete) whatever of the package it sees on the server."""
    rights = Rights(client)
    ours = {step.uid: replace(step, action=action) for step in plan.steps}
    items = [(ours[item["id"]], item) for some in plan.actual.values() for item in some if item["id"] in ours]
    return _gathered([(step, missing) for step, item in items for missing in rights.to_change(step.kind, item, action)])


def _gathered(found: list[tuple[Step, tuple[str, ...]]]) -> list[Lack]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for step, missing in found:
        groups.setdefault((step.kind, step.action, missing), []).append(step.name)
    return [Lack(kind, action, len(names), missing, tuple(names)) for (kind, action, missing), names in groups.items()]


def refuse_missing(client: Client, plan: Plan) -> None:
    """Forbidden when the account lacks a right for the plan, with all that it lacks; nothing is sent then."""
    lacks = missing_rights(client, plan)
    if lacks:
        raise Forbidden(
            f"This account lacks rights for this, so nothing was sent: {'; '.join(map(str, lacks))}.",
            "Ask an administrator of the server for them, or use a superuser's account.",
            "\n".join(map(str, lacks)),
        )


def as_json(lacks: list[Lack]) -> list[Json]:
    """The missing rights for scripts."""
    return [{**asdict(lack), "type": lack.kind, "text": str(lack)} for lack in lacks]
