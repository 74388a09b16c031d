"""Accounts of lesser rights on a sandbox: a role of their own, groups of the package, and units."""

from __future__ import annotations

from hashlib import sha256

from tpi_dhis2.dhis2.client import Account, Client

PASSWORD = "Training-2026"


def uid(text):
    """A UID that follows from a text."""
    return "a" + sha256(text.encode()).hexdigest()[:10]


def add_account(admin, name, groups=(), units=(), authorities=()):
    """Create or change an account; the units count as its capture and search units."""
    here = [{"id": unit} for unit in units]
    role = {"id": uid(f"role {name}"), "name": f"Role of {name}", "authorities": list(authorities)}
    user = {
        "id": uid(name), "username": name, "password": PASSWORD, "firstName": "First", "surname": "Last",
        "userRoles": [{"id": role["id"]}], "organisationUnits": here, "teiSearchOrganisationUnits": here,
    }  # fmt: skip
    admin.ask("POST", "metadata", body={"userRoles": [role], "users": [user]})
    for group in admin.get("userGroups", {"fields": "id,code", "paging": "false"})["userGroups"]:
        if group.get("code") in groups:
            admin.ask("POST", f"userGroups/{group['id']}/users/{user['id']}")


def client_of(admin, name):
    """A client of an account that was added."""
    return Client(Account(admin.base, name, PASSWORD), pause=0.01)


def a_unit(admin):
    """Any unit."""
    return admin.get("organisationUnits", {"fields": "id", "paging": "false"})["organisationUnits"][0]["id"]
