"""Two facilities to work in, for a server of which none are named: a district below a unit of the account's, or a root.

The account gets the district in its scopes where it does not have what stands above it, and loses it afterwards. A run
that was killed leaves them behind; the next one takes them over, and away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.live.names import PREFIX, uid
from tpi_dhis2.dhis2.client import Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import UsageError
from tpi_dhis2.provision.remove import remove

Json = dict[str, Any]

#: Where an account enters, analyses and searches; empty means the first for the second, and nowhere for the third.
SCOPES = ("organisationUnits", "dataViewOrganisationUnits", "teiSearchOrganisationUnits")
DISTRICT = uid("unit", "District")
FACILITIES = [uid("unit", name) for name in ("Hospital", "Clinic")]


@contextmanager
def facilities(client: Client, *, keep: bool = False) -> Iterator[list[str]]:
    """The UIDs of two facilities that are there until the end; with ``keep`` they stay, in the account's scopes."""
    metadata = Metadata(client)
    above = _above(metadata)
    lacking = [scope for scope, held in _scopes(metadata).items() if not above or above["id"] not in held]
    if lacking and client.account.token:
        raise UsageError(
            "What an account may reach does not change for a token that is in use, so no units can be made for it.",
            "Name two facilities of the account with --units A,B, or use a user name and a password.",
        )
    try:
        metadata.commit({"organisationUnits": _tree(above)})
        _change_scopes(client, lacking, lambda held: held | {DISTRICT})
        yield list(FACILITIES)
    finally:
        if not keep:
            leave(client)


def leave(client: Client) -> None:
    """Take the facilities out of the account's scopes, and off the server."""
    _change_scopes(client, SCOPES, lambda held: held - {DISTRICT})
    for units in (FACILITIES, [DISTRICT]):
        remove(Metadata(client), "organisationUnits", units)


def refuse_unseen(client: Client, units: list[str]) -> None:
    """Stop when the account may not analyse a unit: every number that is asked for there is refused (E7120)."""
    metadata = Metadata(client)
    seen = {unit["id"] for unit in metadata.me("dataViewOrganisationUnits[id]")["dataViewOrganisationUnits"]}
    for unit in metadata.named("organisationUnits", "id", units, "name,path") if seen else []:
        if not seen & set(unit["path"].split("/")):
            raise UsageError(
                f"{unit['name']} is outside the units for which this account may see analyses.",
                "Name two facilities below those, or give the account's data view a unit above them.",
            )


def _above(metadata: Metadata) -> Json | None:
    """The unit below which the district goes: the highest of the account's, else a root, else there is none."""
    own = metadata.me("organisationUnits[id,level]")["organisationUnits"]
    roots = metadata.all_of("organisationUnits", {"filter": "level:eq:1", "fields": "id,level"})
    found = [unit for unit in [*sorted(own, key=lambda unit: unit["level"]), *roots] if unit["id"] != DISTRICT]
    return found[0] if found else None


def _tree(above: Json | None) -> list[Json]:
    district = _unit("District", DISTRICT)
    if above:
        district["parent"] = {"id": above["id"]}
    names = ("Hospital", "Clinic")
    below = {"parent": {"id": DISTRICT}}
    return [district, *({**_unit(name, of), **below} for name, of in zip(names, FACILITIES, strict=True))]


def _unit(name: str, of: str) -> Json:
    named = {"name": f"{PREFIX} {name}", "shortName": f"{PREFIX} {name}", "code": f"ZZ_LIVE_{name.upper()}"}
    return {"id": of, **named, "openingDate": "2020-01-01"}


def _scopes(metadata: Metadata) -> dict[str, set[str]]:
    me = metadata.me(",".join(f"{scope}[id]" for scope in SCOPES))
    return {scope: {unit["id"] for unit in me.get(scope, [])} for scope in SCOPES}


def _change_scopes(client: Client, scopes: Iterable[str], change: Callable[[set[str]], set[str]]) -> None:
    """Change some scopes of the account, and begin a session that knows it."""
    metadata = Metadata(client)
    held = _scopes(metadata)
    new = {scope: change(held[scope]) for scope in scopes if change(held[scope]) != held[scope]}
    # Adding a list puts it in the place of the one that is there (recorded).
    operations = [
        {"op": "add", "path": f"/{scope}", "value": [{"id": of} for of in sorted(units)]}
        for scope, units in new.items()
    ]
    if operations:
        metadata.patch("users", metadata.me("id")["id"], operations)
    client.log_in_again()
