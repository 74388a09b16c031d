"""The users that the tests create; one whom a server did not let go, and who is disabled since, works again."""

from __future__ import annotations

from typing import Any

from tests.live.life import Life
from tests.live.names import PASSWORD, PREFIX, uid
from tpi_dhis2.dhis2.client import Account
from tpi_dhis2.dhis2.metadata import Metadata


def put_person(life: Life, name: str, username: str, *authorities: str, **scopes: Any) -> Account:
    """Create a user with a role of these authorities, or bring back the one that is there; a fresh account each time.

    A PUT gives the password as well (``UserController`` and ``UserObjectBundleHook`` of 2.40 to 2.43).
    """
    words = (name,) if name else ()
    role = {"id": uid("role", *words), "name": f"{PREFIX} Role {name}".strip(), "authorities": list(authorities)}
    life.commit(userRoles=[role])
    person = {"id": uid("person", *words), "username": username}
    named = {"firstName": PREFIX, "surname": name.title() or "Person"}
    body = {**person, **named, **scopes, "userRoles": [{"id": role["id"]}], "password": PASSWORD, "disabled": False}
    there = Metadata(life.client).named("users", "id", [person["id"]], "id,disabled")
    if not there:
        life.client.ask("POST", "users", body=body)
    elif there[0]["disabled"]:
        life.client.ask("PUT", f"users/{person['id']}", body=body)
    return Account(life.client.account.url, username, PASSWORD)
