"""What an account may do with types and objects: the server's own authorities, weighed as its access control does.

The authorities are those that the server itself names (``/api/schemas``), so they are right for its version. The rules
are DHIS2's (``DefaultAclService``, the same in 2.40 to 2.43):

- Who creates objects of a type that is not shared needs one of ``CREATE``. Of a shared type it is one of
  ``CREATE_PUBLIC``, or of ``CREATE_PRIVATE`` when the object is open to nobody but those it names. Where a type names
  none, nobody is asked: the recordings have an account without any authority that imported a constant.
- Who changes an object needs one of ``UPDATE`` (deletes: ``DELETE``), or of all that create where a type names none;
  the right to give it the public access that it has; and write access by its sharing. Some types
  (``implicitPrivateAuthority``) need no authority where sharing lets an account write.
- A role that holds ``ALL`` only a superuser may write (E3032). Other authorities of a role are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata

Json = dict[str, Any]

ALL = "ALL"
_PRIVATE = "--------"
_CREATES = ("CREATE", "CREATE_PUBLIC", "CREATE_PRIVATE")
_CHUNK = 100


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

    @cached_property
    def me(self) -> Json:
        """The account; asked for when it is first weighed, so that a plan with nothing to do asks nothing."""
        return self.metadata.me("id,authorities,userGroups[id]")

    @cached_property
    def held(self) -> set[str]:
        """The authorities of the account."""
        return set(self.me.get("authorities") or [])

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

    def to_change(self, kind: str, item: Json, action: str = "update") -> list[tuple[str, ...]]:
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
