"""Patience on the wire: what is tried again and how often, and what is not. (How long it takes: tests/fault.)"""

from __future__ import annotations

import pytest
import responses
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, ProtocolError, ReadTimeoutError

from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.errors import ServerFailed, TpiError

URL = "https://dhis2.example.org"
INFO = f"{URL}/api/system/info"
POOL = HTTPConnectionPool("dhis2.example.org")


@pytest.fixture
def client():
    return Client(Account(URL, "admin", "district"), pause=0)


@responses.activate
@pytest.mark.parametrize("status", transport.RETRIED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_passing_failure_is_tried_again_a_few_times(client, status, method):
    responses.add(method, INFO, json={"message": "busy"}, status=status)
    with pytest.raises(ServerFailed, match="busy"):
        client.ask(method, "system/info")
    assert len(responses.calls) == 1 + transport.TIMES


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 500, 501])
def test_any_other_answer_is_the_last_word(client, status):
    responses.get(INFO, json={}, status=status, headers={"Location": f"{URL}/elsewhere"})
    responses.get(f"{URL}/elsewhere", json={"version": "2.42"})
    with pytest.raises(TpiError):
        client.get("system/info")
    assert [call.request.url for call in responses.calls] == [INFO]


@responses.activate
def test_an_answer_after_failures_is_taken(client):
    for status in (503, 429, 502):
        responses.get(INFO, status=status)
    responses.get(INFO, json={"version": "2.42.4.1"})
    assert client.version.minor == 42
    assert client.requests == 1


@responses.activate
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_every_request_has_a_time_limit(client, method):
    responses.add(method, INFO, json={})
    client.ask(method, "system/info")
    assert responses.calls[0].request.req_kwargs["timeout"] == (transport.CONNECT_SECONDS, transport.READ_SECONDS)


@responses.activate
@pytest.mark.parametrize(("method", "seconds"), [("POST", transport.IMPORT_SECONDS), ("GET", transport.READ_SECONDS)])
def test_an_import_of_metadata_may_take_longer_than_a_look_at_it(client, method, seconds):
    responses.add(method, INFO.replace("system/info", "metadata"), json={})
    client.ask(method, "metadata", params={"importMode": "COMMIT"})
    assert responses.calls[0].request.req_kwargs["timeout"] == (transport.CONNECT_SECONDS, seconds)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_write_without_an_answer_in_time_is_not_sent_again(method):
    retry = transport.PatientAdapter().max_retries
    error = ReadTimeoutError(POOL, "/api/tracker", "slow")
    with pytest.raises(ReadTimeoutError):
        retry.increment(method, "/api/tracker", error=error)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("GET", ReadTimeoutError(POOL, "/api/me", "slow")),
        ("POST", ConnectTimeoutError("never reached")),
        ("POST", ProtocolError("Connection aborted.")),
    ],
    ids=["read again", "nothing was sent", "an upsert can be repeated"],
)
def test_what_is_safe_is_tried_again(method, error):
    retry = transport.PatientAdapter().max_retries
    assert retry.increment(method, "/api/me", error=error).total == transport.TIMES - 1


@responses.activate
@pytest.mark.parametrize(("path", "times"), [("metadata", 1), ("tracker", 1 + transport.TIMES)])
def test_an_import_of_metadata_that_a_proxy_gave_up_is_not_sent_again(client, path, times):
    responses.post(f"{URL}/api/{path}", status=504)
    with pytest.raises(ServerFailed, match="504"):
        client.ask("POST", path, params={"importMode": "COMMIT"})
    assert len(responses.calls) == times


@responses.activate
def test_a_token_takes_the_place_of_the_password():
    responses.get(INFO, json={"version": "2.42"})
    Client(Account(URL, "admin", "district", "d2p_abc")).get("system/info")
    assert responses.calls[0].request.headers["Authorization"] == "ApiToken d2p_abc"
