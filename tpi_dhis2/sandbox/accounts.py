"""Who asks: Basic and personal access tokens, authorities, groups, org unit scope and sharing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tpi_dhis2.sandbox.ids import CHARACTERS
from tpi_dhis2.sandbox.indexes import value_of
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, RefusalError, Reply, Request, message

ROUNDS = 1000
META_READ, META_WRITE, DATA_READ, DATA_WRITE = range(4)
UNAUTHORIZED = 401
#: How long a 2.40 takes a token that was revoked, in milliseconds.
CACHED = 3600 * 1000


def hash_password(password: str) -> str:
    """Return a salted hash of a password."""
    salt = secrets.token_hex(8)
    return salt + "$" + hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS).hex()


def password_fits(password: str, stored: str) -> bool:
    """Say whether a password gives the stored hash."""
    salt, _, digest = stored.partition("$")
    found = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS).hex()
    return hmac.compare_digest(found, digest)


@dataclass(frozen=True)
class Account:
    """A user who has logged in, with what the user may do: as it was when the request came."""

    state: State
    user: Json

    @property
    def uid(self) -> str:
        """Return the user's UID."""
        return str(self.user["id"])

    @property
    def username(self) -> str:
        """Return the user's login name."""
        return str(self.user["username"])

    @cached_property
    def authorities(self) -> set[str]:
        """Return the authorities of all roles."""
        roles = [self.state.get("userRoles", role["id"]) for role in self.user.get("userRoles", [])]
        return {authority for role in roles if role for authority in role.get("authorities", [])}

    @cached_property
    def superuser(self) -> bool:
        """Say whether the user may do everything."""
        return "ALL" in self.authorities

    @cached_property
    def groups(self) -> list[str]:
        """Return the groups that list the user."""
        return groups_of(self.state, self.uid)

    def has(self, authority: str) -> bool:
        """Say whether the user holds an authority."""
        return bool({"ALL", authority} & self.authorities)

    def in_scope(self, unit: str, kind: str = "organisationUnits") -> bool:
        """Say whether an org unit is at or below one of the user's units of a kind (capture is the default)."""
        if self.superuser:
            return True
        roots = {ref["id"] for ref in self.user.get(kind) or []}
        return bool(roots & set(path_of(self.state, unit)))

    def in_search_scope(self, unit: str) -> bool:
        """Say whether the user may see data of an org unit."""
        return self.in_scope(unit) or self.in_scope(unit, "teiSearchOrganisationUnits")

    def may(self, subject: Any, right: int) -> bool:
        """Say whether an object's sharing gives the user a right."""
        if self.superuser:
            return True
        sharing = (subject or {}).get("sharing") or {}
        access = [sharing.get("public") or "--------"]
        access += [each["access"] for uid, each in (sharing.get("users") or {}).items() if uid == self.uid]
        mine = self.groups
        access += [each["access"] for uid, each in (sharing.get("userGroups") or {}).items() if uid in mine]
        owner = sharing.get("owner") == self.uid and right in (META_READ, META_WRITE)
        return owner or any(len(text) > right and text[right] in "rw" for text in access)


def groups_of(state: State, user: str) -> list[str]:
    """Return the UIDs of the groups that list a user."""
    return state.holders("userGroups", "users", user)


def path_of(state: State, unit: str) -> list[str]:
    """Return the UIDs from the root to an org unit."""
    path: list[str] = []
    found = state.get("organisationUnits", unit)
    while found and found["id"] not in path:
        path.insert(0, found["id"])
        found = state.get("organisationUnits", (found.get("parent") or {}).get("id"))
    return path


def account_named(state: State, username: str) -> Account | None:
    """Return the account of a login name."""
    found = state.found("users", value_of("username"), username)
    return Account(state, found[0]) if found else None


def authenticate(state: State, request: Request) -> Account:
    """Return who asks, or refuse as the server of this version does."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    kind = scheme.lower()
    if kind == "basic":
        return _basic(state, credentials)
    if kind == "apitoken":
        return _token(state, request, credentials.strip())
    if kind == "bearer" and state.minor < 42:
        challenge = {"WWW-Authenticate": 'Bearer realm="oauth", error="invalid_token"'}
        text = "<InvalidTokenException><error>invalid_token</error></InvalidTokenException>"
        raise RefusalError(Reply(UNAUTHORIZED, text=text, content_type="application/xml", headers=challenge))
    raise RefusalError(_login(state, request))


def _login(state: State, request: Request) -> Reply:
    """Send a request without credentials to the login page; a script gets a 401."""
    if request.headers.get("x-requested-with") == "XMLHttpRequest":
        return message(UNAUTHORIZED, "Unauthorized")
    page = "/dhis-web-login/" if state.minor >= 42 else "/dhis-web-commons/security/login.action"
    return Reply(302, text="", headers={"Location": request.base_url + page})


def _basic(state: State, credentials: str) -> Account:
    try:
        username, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        username, password = "", ""
    account = account_named(state, username)
    stored = state.get("passwords", username)
    if account is None or stored is None or account.user.get("disabled") or not password_fits(password, stored):
        raise RefusalError(message(UNAUTHORIZED, "Unauthorized"))
    return account


def new_key(minor: int) -> str:
    """Return a fresh token in the form of the version, the last six characters a check sum."""
    prefix, length = ("d2pat_", 36) if minor == 40 else ("d2p_", 44)
    body = prefix + "".join(secrets.choice(CHARACTERS) for _ in range(length))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:6]


def _token(state: State, request: Request, key: str) -> Account:
    body, checksum = key[:-6], key[-6:]
    old = state.minor == 40
    if checksum != _checksum(body):
        raise _bad_token(UNAUTHORIZED if old else 400, "Checksum validation failed")
    token = state.get("tokens", hashlib.sha256(key.encode()).hexdigest())
    if token is None or token.get("revoked", state.milliseconds()) + CACHED < state.milliseconds():
        raise _bad_token(UNAUTHORIZED, "The API token does not exists")
    if token["expire"] is not None and token["expire"] < state.milliseconds():
        raise _bad_token(UNAUTHORIZED, "Failed to authenticate API token, token has expired.")
    _restrictions(token, request)
    account = account_named(state, token["username"])
    if account is None or account.user.get("disabled"):
        raise _bad_token(UNAUTHORIZED, "The API token does not exists")
    return account


def _restrictions(token: Json, request: Request) -> None:
    """Refuse a request that the token's allow-lists do not cover."""
    for limit in token["attributes"]:
        if request.address not in limit.get("allowedIps", [request.address]):
            raise _bad_token(UNAUTHORIZED, "Failed to authenticate API token, request ip address is not allowed.")
        if request.method not in limit.get("allowedMethods", [request.method]):
            raise _bad_token(UNAUTHORIZED, "Failed to authenticate API token, request http method is not allowed.")


def _bad_token(status: int, text: str) -> RefusalError:
    reply = message(status, text)
    return RefusalError(Reply(status, reply.body, headers={"WWW-Authenticate": "ApiToken"}))
