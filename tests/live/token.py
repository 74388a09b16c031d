"""A personal access token in the place of name and password: made by the API, used by environment, revoked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.life import Life
from tpi_dhis2.dhis2.client import Account

_DAY = 24 * 3600


@contextmanager
def made(life: Life) -> Iterator[tuple[str, str]]:
    """A token of the running account for a day, by UID and key, which is revoked at the end.

    The type is left out: 2.40 knows another one than the later versions, and each takes its own (recorded).
    """
    expire = int((time.time() + _DAY) * 1000)
    answer = life.client.ask("POST", "apiToken", body={"expire": expire, "attributes": []}).body["response"]
    try:
        yield answer["uid"], answer["key"]
    finally:
        life.client.ask("DELETE", f"apiToken/{answer['uid']}")


def listed(life: Life, of: str) -> bool:
    """Whether the server lists a token among the account's."""
    rows = life.client.get_object("apiToken", {"fields": "id", "paging": "false"})["apiToken"]
    return of in {row["id"] for row in rows}


def opens_by_a_token_what_its_account_may(life: Life) -> None:
    """A token of the account plans and syncs like the account; a wrong one and a revoked one are plainly refused."""
    with made(life) as (of, key):
        holder = Account(life.client.account.url, token=key)
        assert listed(life, of)
        life.run("provision", "plan", "--exit-code", account=holder)
        told = life.told("sync", "run", "--store", f"sqlite:///{life.folder / 'token.sqlite'}", account=holder)
        assert told, "a sync that says nothing"
        _is_refused(life, f"{key[:-1]}{'0' if key[-1] != '0' else '1'}")
    assert not listed(life, of)
    if life.client.version.minor > 40:  # a recorded 2.40 goes on taking a token that was in use (it remembers it)
        _is_refused(life, key)


def _is_refused(life: Life, key: str) -> None:
    """One plain line, which does not tell the token."""
    ran = life.run("provision", "status", account=Account(life.client.account.url, token=key), code=1)
    assert "did not accept the credentials" in ran.err
    assert "a token may have expired or been revoked" in ran.err
    assert key not in ran.out + ran.err
