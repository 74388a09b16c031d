"""What the client makes of addresses, accounts and answers: an error of the tree with one line and advice."""

from __future__ import annotations

import base64
import json

import pytest
import requests
import responses

from tpi_dhis2.dhis2.client import Account, Client, message_of
from tpi_dhis2.dhis2.metadata import DataStore, Metadata
from tpi_dhis2.dhis2.versions import ServerVersion
from tpi_dhis2.errors import (
    AuthFailed,
    ConnectionProblem,
    Forbidden,
    NotDhis2,
    NotFound,
    ServerFailed,
    ServerRefused,
    TpiError,
    Unreachable,
    UnsupportedVersion,
    UsageError,
)

URL = "https://dhis2.example.org"
ME = f"{URL}/api/me"
SECRET, TOKEN = "Geheim-wort-4711", "d2p_Geheim4711"


def client(url: str = URL, password: str = SECRET, token: str = "") -> Client:
    return Client(Account(url, "admin", password, token), pause=0)


def is_plain(error: TpiError) -> bool:
    """One line that ends like a sentence, and advice."""
    text = str(error)
    return "\n" not in text and text.endswith(".") and ".." not in text


@pytest.mark.parametrize(
    ("written", "base"),
    [
        (URL, URL),
        (f"{URL}/", URL),
        (f" {URL}/api/ ", URL),
        (f"{URL}/hmis/api", f"{URL}/hmis"),
        ("dhis2.example.org", URL),
        ("localhost:8080", "http://localhost:8080"),
    ],
)
def test_an_address_may_be_written_in_several_ways(written, base):
    assert client(written).base == base


@pytest.mark.parametrize("written", ["", " ", "https://", "http://[::1", "ftp://dhis2.example.org", "/srv/dhis2"])
def test_what_is_no_address_is_wrong_usage(written):
    with pytest.raises(UsageError) as caught:
        client(written).get("me")
    assert is_plain(caught.value)
    assert caught.value.advice


@pytest.mark.parametrize("written", ["https://not a host", "http://127.0.0.1:99999"])
def test_what_turns_out_to_be_no_address_is_wrong_usage(written):
    with pytest.raises(UsageError, match="is not an address"):
        client(written).get("me")


def test_an_address_with_a_password_in_it_is_refused_without_repeating_it():
    with pytest.raises(UsageError) as caught:
        client(f"https://admin:{SECRET}@dhis2.example.org")
    assert SECRET not in str(caught.value) + caught.value.advice + caught.value.detail


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("http://dhis2.example.org", True),
        (URL, False),
        ("http://localhost:8080", False),
        ("http://127.0.0.1", False),
        ("http://[::1]:8080", False),
        ("dhis2.example.org", False),
    ],
)
def test_an_unprotected_password_is_noticed(url, bare):
    assert Account(url).is_bare is bare


def test_secrets_are_in_no_text_form():
    account = Account(URL, "admin", SECRET, TOKEN)
    made = Client(account)
    shown = repr(account) + str(account) + repr(made) + str(made) + repr(made._api) + repr(made._api.session.auth)
    assert SECRET not in shown
    assert TOKEN not in shown


@responses.activate
def test_a_password_in_any_script_is_sent_as_a_dhis2_reads_it():
    responses.get(ME, json={})
    client(password="пароль-ü").get("me")
    sent = responses.calls[0].request.headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "admin:пароль-ü"


@pytest.mark.parametrize("token", [f"{TOKEN}\r", f"{TOKEN}\n", f"{TOKEN}\r\nX: y", f"{TOKEN}ü€"])
def test_a_damaged_token_is_mended_or_refused_but_never_shown(token):
    made: list[str] = []
    try:
        # Nobody listens there; what counts is that the header is built.
        client("http://127.0.0.1:1", token=token).get("me")
    except TpiError as error:
        made += [str(error), error.advice, error.detail]
    assert made
    assert not any(TOKEN in text for text in made)


ANSWERS = [
    (401, {"message": "Unauthorized"}, {}, AuthFailed, "Unauthorized"),
    (400, {"message": "Checksum validation failed"}, {"WWW-Authenticate": "ApiToken"}, AuthFailed, "Checksum"),
    (401, "<html>", {}, AuthFailed, "credentials"),
    (302, "", {"Location": "http://localhost:8080/dhis-web-login/"}, AuthFailed, "log in"),
    (302, "", {"Location": "https://other.example/x?session=1"}, NotDhis2, "https://other.example/x"),
    (200, "<html>", {}, NotDhis2, "JSON"),
    (403, "<html>", {}, NotDhis2, "proxy"),
    (403, {"message": "Access is denied."}, {}, Forbidden, "Access is denied"),
    (404, "<html>", {}, NotFound, "/api/me"),
    (404, {"message": "no such user"}, {}, NotFound, "no such user"),
    (400, {"message": "Program is specified but does not exist"}, {}, ServerRefused, "Program is specified"),
    (409, {"message": "first\nsecond"}, {}, ServerRefused, "first"),
    (500, {"message": "java.lang.NullPointerException"}, {}, ServerFailed, "500"),
    (500, "<html>", {}, ServerFailed, "500"),
    (503, "<html>", {}, ServerFailed, "503"),
    (429, {"message": "Too many requests"}, {}, ServerFailed, "429"),
    (429, "<html>", {}, ServerFailed, "429"),
    (413, "<html>", {}, TpiError, "413"),
]


@responses.activate
@pytest.mark.parametrize(("status", "body", "headers", "kind", "says"), ANSWERS)
def test_each_answer_becomes_the_error_that_says_what_to_do(status, body, headers, kind, says):
    text = body if isinstance(body, str) else json.dumps(body)
    responses.get(ME, text, status=status, headers=headers)
    with pytest.raises(kind) as caught:
        client().get("me")
    assert says in str(caught.value)
    assert is_plain(caught.value)
    assert caught.value.advice or kind is ServerRefused
    assert "session=1" not in str(caught.value)


@responses.activate
def test_a_refusal_keeps_the_status_and_the_answer():
    responses.get(ME, json={"message": "no"}, status=409)
    with pytest.raises(ServerRefused) as caught:
        client().get("me")
    assert (caught.value.status, caught.value.body) == (409, {"message": "no"})


@responses.activate
def test_an_expected_refusal_is_an_answer():
    responses.post(f"{URL}/api/metadata", json={"status": "ERROR"}, status=409)
    assert client().ask("POST", "metadata", body={}, expect=(409,)).status == 409


FAULTS = [
    (requests.exceptions.SSLError("certificate verify failed"), Unreachable, "certificate"),
    (requests.exceptions.ReadTimeout("read timed out"), Unreachable, "180 seconds"),
    (requests.ConnectionError("NameResolutionError: Failed to resolve"), Unreachable, "no server named"),
    (requests.ConnectionError("[Errno 111] Connection refused"), Unreachable, "No answer"),
    (requests.exceptions.ChunkedEncodingError("IncompleteRead(3 bytes read)"), Unreachable, "answer"),
    (requests.exceptions.ContentDecodingError("not gzip"), ConnectionProblem, "answer"),
]


@responses.activate
@pytest.mark.parametrize(("fault", "kind", "says"), FAULTS, ids=lambda value: type(value).__name__)
def test_each_fault_of_the_network_is_told_apart(fault, kind, says):
    responses.get(ME, body=fault)
    with pytest.raises(kind, match=says) as caught:
        client().get("me")
    assert is_plain(caught.value)
    assert caught.value.advice


@responses.activate
@pytest.mark.parametrize("body", ["[]", '"text"', "1", "", "{}", '{"status":"UP"}', '{"version":null}'])
def test_json_of_another_service_is_not_taken_for_a_dhis2(body):
    responses.get(f"{URL}/api/system/info", body)
    with pytest.raises(ConnectionProblem) as caught:
        _ = client().version
    assert is_plain(caught.value)


@responses.activate
@pytest.mark.parametrize("body", ["[]", '"text"', "1", ""])
@pytest.mark.parametrize(
    "use",
    [
        lambda metadata: metadata.all_of("organisationUnits", {}),
        lambda metadata: metadata.export([("programs", "code:eq:TPI")]),
        lambda metadata: metadata.me("id"),
    ],
    ids=["list", "export", "me"],
)
def test_json_of_the_wrong_form_is_an_error_of_the_tree(body, use):
    for path in ("organisationUnits", "metadata", "me"):
        responses.get(f"{URL}/api/{path}", body)
    with pytest.raises(TpiError):
        use(Metadata(client()))


@responses.activate
def test_a_key_that_is_not_in_the_data_store_is_none():
    responses.get(f"{URL}/api/dataStore/tpi-dhis2/package", json={"message": "not found"}, status=404)
    assert DataStore(client(), "tpi-dhis2").get("package") is None


@pytest.mark.parametrize(("text", "minor"), [("2.40.12", 40), ("2.42", 42), ("2.43.1", 43), ("2.41-SNAPSHOT", 41)])
def test_known_versions(text, minor):
    assert ServerVersion.parse(text).minor == minor


@pytest.mark.parametrize("text", ["2.39.5", "2.44.0", "2.4", "2.400", "3.0", "42", "", "None"])
def test_other_versions_are_refused_and_the_known_ones_named(text):
    with pytest.raises(UnsupportedVersion, match=r"2\.40 to 2\.43") as caught:
        ServerVersion.parse(text)
    assert caught.value.advice


@pytest.mark.parametrize(("body", "said"), [({"message": "x"}, "x"), ({"message": None}, ""), ({}, ""), ([1], "")])
def test_the_message_of_an_answer(body, said):
    assert message_of(body) == said


def test_a_new_session_is_begun_on_demand():
    made = client()
    made._api.session.cookies.set("JSESSIONID", "old")
    made.log_in_again()
    assert not made._api.session.cookies
