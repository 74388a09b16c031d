"""What a failed live test tells of its exchanges: enough to understand it, and no secret."""

from __future__ import annotations

from unittest import mock

import pytest
import requests

from tests.live.exchanges import Exchanges, masked
from tests.live.names import PASSWORD
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.sandbox.server import Sandbox, serve


def test_questions_and_answers_are_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPI_DHIS2_PASSWORD", "district")
    seen = Exchanges()
    noted = mock.patch.object(requests.Session, "request", lambda *args, **given: seen.request(*args, **given))
    with noted, serve(Sandbox("2.42")) as url:
        client = Client(Account(url, "admin", "district"), pause=0.01)
        person = {"username": "district", "password": "Another-1", "surname": "One", "firstName": "Some"}
        client.ask("POST", "users", body=person, expect=(409,))
        for _ in range(2):
            client.get("me", {"fields": "username"})
    told = seen.told()
    assert "POST http" in told
    assert "E4055" in told, "the answer says why"
    assert told.count("/api/me?fields=username") == 1
    assert not [word for word in ("district", "Another-1") if word in told]


def test_the_password_of_created_users_is_one_for_strict_servers_and_is_never_told():
    kinds = (str.isupper, str.islower, str.isdigit, lambda letter: not letter.isalnum())
    assert len(PASSWORD) >= 16
    assert all(any(map(kind, PASSWORD)) for kind in kinds)
    assert PASSWORD not in masked(f'{{"username": "zz_live_person", "said": "{PASSWORD}"}}')
