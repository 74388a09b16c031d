"""Who is in the groups of the package: people added by user name; nobody is taken out here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import Forbidden, StateChanged
from tpi_dhis2.package.fields import package_fields
from tpi_dhis2.package.uids import Uids
from tpi_dhis2.provision.lists import Wish
from tpi_dhis2.provision.unknown import Unknown, refuse_unknown
from tpi_dhis2.resources import folder

Json = dict[str, Any]

_FIELDS = "id,name,access,users[id]"
_USER_FIELDS = "id,username,name,disabled"


@dataclass(frozen=True)
class Group:
    """A group of the package: its UID and what people call it."""

    uid: str
    code: str
    name: str

    @property
    def short(self) -> str:
        """One word for it: ``access``, ``capture``, ``admin`` or ``functioning``."""
        return self.code.rsplit("_", 1)[-1].lower()

    @property
    def words(self) -> set[str]:
        """All that it may be called."""
        return {word.casefold() for word in (self.uid, self.code, self.name, self.short)}


@dataclass(frozen=True)
class Join:
    """A user and a group."""

    user: Json
    group: Json

    def __str__(self) -> str:
        disabled = ", a disabled account" if self.user.get("disabled") else ""
        return f"{self.user['username']} ({self.user.get('name')}{disabled}) in {self.group['name']}"


@dataclass(frozen=True)
class Membership:
    """Who would come into which group, who is there already, and what is unknown."""

    added: list[Join]
    already: list[Join]
    unknown: list[Unknown] = field(default_factory=list)

    @property
    def groups(self) -> dict[str, Json]:
        """The groups that would change, by UID."""
        return {join.group["id"]: join.group for join in self.added}

    def refuse_without_right(self) -> None:
        """Raise Forbidden when the account may not change one of the groups."""
        closed = [group["name"] for group in self.groups.values() if not group.get("access", {}).get("update", True)]
        if closed:
            raise Forbidden(
                f"This account may not change the group {closed[0]}.",
                "It needs the right to edit the group, in its sharing, and the authority F_USERGROUP_PUBLIC_ADD.",
                ", ".join(closed),
            )


def package_groups() -> list[Group]:
    """The groups of the package."""
    uids = Uids.read(folder("metadata"))
    groups = package_fields().forms.package.groups
    return [Group(uids("userGroups", code), code, group.name) for code, group in groups.items()]


def plan_membership(client: Client, groups: Sequence[Group], wishes: Sequence[Wish]) -> Membership:
    """Find users and groups, and who is not in a group yet."""
    metadata = Metadata(client)
    there = {item["id"]: item for item in metadata.named("userGroups", "id", (one.uid for one in groups), _FIELDS)}
    known = _by_word(groups, there)
    users = _users(metadata, {wish.username for wish in wishes})
    joins: dict[tuple[str, str], Join] = {}
    unknown: list[Unknown] = []
    for wish in wishes:
        user, group = users.get(wish.username), known.get(wish.group.casefold())
        if user and group:
            joins[user["id"], group.uid] = Join(user, _present(group, there))
        unknown += [] if user else [Unknown("user", wish.username, wish.line)]
        unknown += [] if group else [Unknown("group of the package", wish.group, wish.line)]
    already = [join for join in joins.values() if join.user["id"] in _members(join.group)]
    return Membership([join for join in joins.values() if join not in already], already, list(dict.fromkeys(unknown)))


def _by_word(groups: Sequence[Group], there: dict[str, Json]) -> dict[str, Group]:
    """The groups by all that they are called, on the server, too."""
    ours = {word: group for group in groups for word in group.words}
    return {there[group.uid]["name"].casefold(): group for group in groups if group.uid in there} | ours


def _present(group: Group, there: dict[str, Json]) -> Json:
    if group.uid not in there:
        raise StateChanged(
            f"The group {group.name} is not on this server, or not for this account.",
            "Run 'tpi-dhis2 provision apply' first.",
        )
    return there[group.uid]


def _members(group: Json) -> set[str]:
    return {user["id"] for user in group.get("users", [])}


def _users(metadata: Metadata, names: set[str]) -> dict[str, Json]:
    """The users by the names they were asked for: as they are written, else the only one that differs in case."""
    try:
        found = metadata.named("users", "username", names, _USER_FIELDS)
        exact = {user["username"]: user for user in found}
        alike = metadata.alike("users", "username", names - exact.keys(), _USER_FIELDS)
    except Forbidden as error:
        raise Forbidden(
            "This account may not look up users.",
            "It needs the authority F_USER_VIEW. Or somebody who has it adds the people in the Users app.",
            error.detail,
        ) from error
    return exact | {name: users[0] for name, users in alike.items() if len(users) == 1}


def join_groups(client: Client, membership: Membership, *, skip_unknown: bool = False) -> int:
    """Add the people and read back that all are there; the number added."""
    if not skip_unknown:
        refuse_unknown(membership.unknown)
    membership.refuse_without_right()
    metadata = Metadata(client)
    for uid in membership.groups:
        joining = [join.user["id"] for join in membership.added if join.group["id"] == uid]
        metadata.add_to_collection("userGroups", uid, "users", joining)
    _verify(metadata, membership)
    return len(membership.added)


def _verify(metadata: Metadata, membership: Membership) -> None:
    groups = metadata.named("userGroups", "id", membership.groups, "id,users[id]")
    have = {group["id"]: _members(group) for group in groups}
    missing = [str(join) for join in membership.added if join.user["id"] not in have.get(join.group["id"], set())]
    if missing:
        raise StateChanged(
            f"The server did not take {len(missing)} of {len(membership.added)}, first {missing[0]}.",
            "Run the same command again; an account may have been deleted meanwhile.",
            "\n".join(missing),
        )
