"""Patience on the wire: what is tried again and how often, and what is not. (How long it takes: tests/fault.)"""

from __future__ import annotations

import gzip
import json

import pytest
import requests
import responses
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from tests.fault.servers import Reply, serving
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
@pytest.mark.parametrize(("path", "times"), [("metadata", 1), ("maintenance", 1), ("tracker", 1 + transport.TIMES)])
def test_what_goes_on_at_the_server_when_a_proxy_gives_up_is_not_sent_again(client, path, times):
    responses.post(f"{URL}/api/{path}", status=504)
    with pytest.raises(ServerFailed, match="504"):
        client.ask("POST", path, params={"importMode": "COMMIT"})
    assert len(responses.calls) == times


@responses.activate
def test_a_token_takes_the_place_of_the_password():
    responses.get(INFO, json={"version": "2.42"})
    Client(Account(URL, "admin", "district", "d2p_abc")).get("system/info")
    assert responses.calls[0].request.headers["Authorization"] == "ApiToken d2p_abc"


# Imports of metadata that write: sent at most once ----------------------------------------------------------------

COMMIT, VALIDATE, DELETE = (
    f"/api/metadata?{query}"
    for query in ("importMode=COMMIT&async=true", "importMode=VALIDATE", "importStrategy=DELETE")
)


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(POOL, COMMIT, "slow"), ProtocolError("Connection aborted."), SSLError("EOF occurred")]
)
def test_an_import_that_may_have_arrived_is_not_sent_again(error):
    with pytest.raises(type(error)):
        transport.PatientAdapter().max_retries.increment("POST", COMMIT, error=error)


@pytest.mark.parametrize("error", [ConnectTimeoutError("never reached"), NewConnectionError(POOL, "refused")])
def test_an_import_that_was_never_sent_is_tried_again(error):
    retry = transport.PatientAdapter().max_retries
    assert retry.increment("POST", COMMIT, error=error).total == transport.TIMES - 1


@pytest.mark.parametrize("url", [VALIDATE, DELETE, "/api/tracker?importMode=COMMIT"])
def test_what_writes_nothing_new_and_tracker_data_are_sent_again_when_dropped(url):
    retry = transport.PatientAdapter().max_retries
    assert retry.increment("POST", url, error=ProtocolError("Connection aborted.")).total == transport.TIMES - 1


@responses.activate
@pytest.mark.parametrize("status", transport.RETRIED)
@pytest.mark.parametrize("mode", ["COMMIT", "VALIDATE"])
def test_only_a_refusal_before_it_was_taken_lets_an_import_be_sent_again(client, status, mode):
    responses.post(f"{URL}/api/metadata", status=status)
    with pytest.raises(ServerFailed):
        client.ask("POST", "metadata", params={"importMode": mode})
    once = status == 504 or (mode == "COMMIT" and status != 429)
    assert len(responses.calls) == (1 if once else 1 + transport.TIMES)


@responses.activate
@pytest.mark.parametrize(
    ("background", "seconds"), [("true", transport.READ_SECONDS), ("false", transport.IMPORT_SECONDS)]
)
def test_a_job_is_announced_sooner_than_an_import_is_done(client, background, seconds):
    responses.post(f"{URL}/api/metadata", json={})
    client.ask("POST", "metadata", params={"importMode": "COMMIT", "async": background})
    assert responses.calls[0].request.req_kwargs["timeout"] == (transport.CONNECT_SECONDS, seconds)


@responses.activate
@pytest.mark.parametrize(
    ("error", "taken"),
    [
        (requests.ConnectTimeout(), False),
        (requests.ConnectionError(MaxRetryError(POOL, COMMIT, NewConnectionError(POOL, "refused"))), False),
        (requests.exceptions.ProxyError("no tunnel"), False),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), False),
        (requests.exceptions.SSLError("EOF occurred in violation of protocol"), True),
        (requests.ConnectionError(ProtocolError("Connection aborted.")), True),
        (requests.ReadTimeout(), True),
        (requests.exceptions.ChunkedEncodingError("broken"), True),
        (requests.ConnectionError(), True),
    ],
    ids=str,
)
def test_an_error_knows_whether_the_request_may_have_arrived(client, error, taken):
    responses.get(INFO, body=error)
    with pytest.raises(TpiError) as raised:
        client.get("system/info")
    assert raised.value.taken is taken


@responses.activate
@pytest.mark.parametrize(("status", "taken"), [(200, True), (302, False), (401, False), (409, False), (500, True)])
def test_an_answer_knows_whether_the_request_may_have_been_done(client, status, taken):
    responses.get(INFO, body="<p>Welcome</p>", status=status, content_type="text/html")
    with pytest.raises(TpiError) as raised:
        client.get("system/info")
    assert raised.value.taken is taken


# What is counted -------------------------------------------------------------------------------------------------


def test_bytes_are_counted_as_they_cross_the_network():
    said = {"version": "2.42.4.1", "more": "x" * 5000}
    small = gzip.compress(json.dumps(said).encode())
    with serving(lambda _: Reply(body=_Bytes(small), headers={"Content-Encoding": "gzip"}, seconds=0.05)) as served:
        client = Client(Account(served.url, "admin", "district"), pause=0)
        assert client.ask("POST", "tracker", body={"events": []}).body == said
        assert client.get("system/info") == said
        posted = served.asked[0].body
    assert (client.requests, client.sent, client.received) == (2, len(posted), 2 * len(small))
    assert 0.1 <= client.waited < 5


class _Bytes(str):
    """A body that is sent as these bytes."""

    def __new__(cls, content: bytes):
        made = super().__new__(cls)
        made.content = content
        return made

    def encode(self, *_: object) -> bytes:
        return self.content


def test_waiting_for_an_answer_that_never_came_is_counted():
    with serving(lambda _: Reply(dropped=True, seconds=0.02)) as served:
        client = Client(Account(served.url, "admin", "district"), pause=0)
        with pytest.raises(TpiError):
            client.get("system/info")
    assert (client.requests, client.received) == (1, 0)
    assert client.waited >= 0.02
