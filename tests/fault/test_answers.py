"""Every wrong server and every broken connection, through the real command line and real sockets.

The promise: one clear line and what to do, exit code 1, no traceback, no secret, nothing half written.
"""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3.util.retry

from tests.fault.servers import (
    DROPPED,
    PASSWORD,
    ROOT,
    SECRETS,
    TOKEN,
    Ran,
    Reply,
    admin,
    always,
    between,
    free_port,
    html,
    in_turn,
    info,
    message,
    provisioned,
    serving,
    tpi,
)
from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.client import Account, Client
from tpi_dhis2.dhis2.metadata import Metadata
from tpi_dhis2.errors import Forbidden
from tpi_dhis2.sandbox.server import Sandbox, serve

RECORDS = ROOT / "tpi_dhis2" / "demo" / "published.yaml"
COMMANDS = {
    "pull": ("sync", "pull"),
    "push": ("sync", "push", RECORDS),
    "plan": ("provision", "plan"),
    "apply": ("provision", "apply", "--yes"),
    "status": ("provision", "status"),
    "assign": ("provision", "assign", "--unit", "TPI_DEMO_NDARAVI_RH", "--yes"),
}
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))

LOGIN = Reply(302, headers={"Location": "http://localhost:8080/dhis-web-login/"})
ELSEWHERE = Reply(301, headers={"Location": "https://dhis2.example.org/api/system/info?token=1"})
WRONG = {
    "a page of another service": (html(), "text/html"),
    "a page not found": (html(404), "/api/"),
    "a login page": (LOGIN, "log in"),
    "another address": (ELSEWHERE, "https://dhis2.example.org/api"),
    "wrong password": (message(401, "Unauthorized"), "credentials"),
    "bad token": (message(400, "Checksum validation failed", WWW_Authenticate="ApiToken"), "credentials"),
    "expired token": (message(401, "token has expired", WWW_Authenticate="ApiToken"), "token has expired"),
    "no right": (message(403, "Access is denied"), "may not do this"),
    "too old": (info("2.39.5"), "2.40 to 2.43"),
    "too new": (info("2.44.0"), "2.40 to 2.43"),
    "an object of another service": (Reply(body={"status": "UP"}), "not as a DHIS2"),
    "a list of another service": (Reply(body=[]), "not as a DHIS2"),
    "an empty answer": (Reply(), "not as a DHIS2"),
    "half an answer": (Reply(body={"version": "2.42.4.1", "more": "x" * 5000}, cut=True), "answer"),
    "no answer": (DROPPED, "No answer"),
    "a failure": (message(500, "java.lang.NullPointerException"), "500"),
    "a failure behind a proxy": (html(502), "502"),
    "too many requests": (message(429, "Too many requests"), "429"),
    "too many requests for the proxy": (html(429), "429"),
    "a proxy that wants a password": (html(407), "proxy"),
}


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    """The pauses between attempts, in seconds; none is really made."""
    made: list[float] = []
    monkeypatch.setattr(transport.PatientRetry, "sleep", _noting(made))
    return made


def _noting(made: list[float]):
    def sleep(self: transport.PatientRetry, response: object = None) -> None:
        told = self.get_retry_after(response) if response is not None else None
        made.append(self.get_backoff_time() if told is None else told)

    return sleep


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


def is_plain_failure(ran: Ran) -> bool:
    """Exit code 1; a line that says what is wrong, a line that says what to do, and no more."""
    said = [line for line in ran.lines if not line.startswith(("Warning:", "(--verbose"))]
    return (
        ran.code == 1
        and len(said) == 2
        and said[0].startswith("Error: ")
        and said[0].endswith(".")
        and "Unexpected" not in said[0]
        and "Traceback" not in ran.out + ran.err
    )


def rows(store: str) -> int:
    """How many rows a store has; its form's own version does not count."""
    path = Path(urlsplit(store).path)
    if not path.exists():
        return 0
    with sqlite3.connect(path) as connection:
        found = connection.execute("select (select count(*) from item) + (select count(*) from setting)").fetchone()[0]
    connection.close()
    return int(found) - 1


@every_command
@pytest.mark.parametrize(("reply", "says"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said_in_one_line(command, reply, says, store):
    with serving(always(reply)) as server:
        ran = tpi(*command, url=server.url, username="admin", password=PASSWORD, store=store)
    assert is_plain_failure(ran), ran
    assert says in ran.err
    assert server.count("GET") == len(server.asked), "something was written"


@pytest.mark.parametrize("command", [COMMANDS["pull"], COMMANDS["push"]], ids=["pull", "push"])
@pytest.mark.parametrize("wrong", ["a page of another service", "wrong password", "too old", "no answer"])
def test_nothing_is_stored_of_a_wrong_server(command, wrong, store):
    with serving(always(WRONG[wrong][0])) as server:
        tpi(*command, url=server.url, username="admin", password=PASSWORD, store=store)
    assert rows(store) == 0


@pytest.mark.parametrize(
    "command", [COMMANDS["pull"], COMMANDS["apply"], COMMANDS["assign"]], ids=["pull", "apply", "assign"]
)
@pytest.mark.parametrize(("reply", "says"), WRONG.values(), ids=list(WRONG))
def test_no_secret_is_shown_even_when_all_is_shown(command, reply, says, store):
    with serving(always(reply)) as server:
        ran = tpi(*command, "--verbose", url=server.url, username="admin", password=PASSWORD, store=store)
        ran_too = tpi(*command, "--verbose", url=server.url, token=TOKEN, store=store)
    assert ran.out + ran.err
    assert ran_too.out + ran_too.err
    assert not [secret for secret in SECRETS if secret in ran.out + ran.err + ran_too.out + ran_too.err]


@every_command
def test_nobody_listens(command, store):
    url = f"http://127.0.0.1:{free_port()}"
    ran = tpi(*command, url=url, username="admin", password=PASSWORD, store=store)
    assert is_plain_failure(ran), ran
    assert f"No answer from {url}" in ran.err


@every_command
def test_no_such_host(command, store, monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    ran = tpi(*command, url="http://no-such-host.invalid", username="admin", password=PASSWORD, store=store)
    assert is_plain_failure(ran), ran
    assert "no server named no-such-host.invalid" in ran.err


def test_a_server_without_tls(store):
    with serving(always(info())) as server:
        url = server.url.replace("http:", "https:")
        ran = tpi("sync", "pull", url=url, username="admin", password=PASSWORD, store=store)
    assert is_plain_failure(ran), ran
    assert "TLS" in ran.err


def test_a_wrong_address_does_not_bind_the_store(store):
    account = {"username": "admin", "password": "district", "store": store}
    assert tpi("sync", "pull", url=f"http://127.0.0.1:{free_port()}", **account).code == 1
    with serve(provisioned()) as url:
        ran = tpi("sync", "pull", url=url, **account)
    assert ran.code == 0, ran


def test_a_password_in_the_address_is_not_repeated(store):
    url = f"http://admin:{PASSWORD}@127.0.0.1:{free_port()}"
    ran = tpi("sync", "pull", "--verbose", url=url, username="admin", password=PASSWORD, store=store)
    assert ran.code == 1
    assert PASSWORD not in ran.out + ran.err


@pytest.mark.parametrize("damage", ["\r", "\n", " ", "\r\nX-Header: y"], ids=repr)
def test_a_damaged_token_is_not_repeated(damage, store):
    with serving(always(info())) as server:
        ran = tpi("provision", "plan", "--verbose", url=server.url, token=f"{TOKEN}{damage}", store=store)
    assert "Unexpected" not in ran.err
    assert TOKEN not in ran.out + ran.err


# Connections -----------------------------------------------------------------------------------------------------


def test_a_server_on_its_way_up_is_waited_for(naps):
    with serving(in_turn(html(503), html(502), DROPPED, info())) as server:
        assert admin(server.url).version.minor == 42
    assert len(server.asked) == 4
    assert len(naps) == 3


def test_pauses_grow_and_stay_short(naps, store):
    with serving(always(html(503))) as server:
        tpi("sync", "pull", url=server.url, username="admin", password=PASSWORD, store=store)
    assert len(naps) == transport.TIMES
    assert naps[-1] > naps[1] > 0
    assert sum(naps) < 60


def test_the_server_may_say_how_long_to_wait(naps):
    with serving(in_turn(message(429, "slowly", Retry_After="7"), info())) as server:
        assert admin(server.url).version.minor == 42
    assert naps == [7]


def test_nobody_waits_for_hours(naps, store):
    with serving(always(message(503, "maintenance", Retry_After="7200"))) as server:
        tpi("sync", "pull", url=server.url, username="admin", password=PASSWORD, store=store)
    assert sum(naps) <= 600


def test_a_slow_answer_is_given_up(monkeypatch, store):
    monkeypatch.setattr(transport, "READ_SECONDS", 0.05)
    with serving(always(Reply(body={"version": "2.42.4.1"}, seconds=0.15))) as server:
        ran = tpi("sync", "pull", url=server.url, username="admin", password=PASSWORD, store=store)
    assert is_plain_failure(ran), ran
    assert server.count("GET") == 1 + transport.TIMES


def test_a_write_without_an_answer_in_time_is_sent_once(monkeypatch, store):
    account = {"username": "admin", "password": "district", "store": store}
    sandbox = provisioned()
    handle = sandbox.handle

    def slow(request):
        reply = handle(request)
        if request.method == "POST":
            urllib3.util.retry.time.sleep(0.6)
        return reply

    monkeypatch.setattr(sandbox, "handle", slow)
    with serve(sandbox) as url:
        monkeypatch.setattr(transport, "READ_SECONDS", 0.5)
        ran = tpi("sync", "push", RECORDS, url=url, **account)
        posts = [path for method, path in sandbox.requests if method == "POST" and path == "/api/tracker"]
        monkeypatch.setattr(transport, "READ_SECONDS", 30)
        again = tpi("sync", "push", url=url, **account)
        posts_after = [path for method, path in sandbox.requests if method == "POST" and path == "/api/tracker"]
    assert is_plain_failure(ran), ran
    assert "did not answer in" in ran.err
    assert posts == posts_after == ["/api/tracker"], "it was sent twice"
    assert again.code == 0


def test_answers_lost_after_the_server_had_executed(store):
    account = {"username": "admin", "password": "district", "store": store}
    sandbox = provisioned()
    left = [2]

    def lose(asked) -> bool:
        left[0] -= asked.method == "POST"
        return asked.method == "POST" and left[0] >= 0

    with serve(sandbox) as real, between(real, lose) as proxy:
        first = tpi("sync", "push", RECORDS, "--json", url=proxy.url, **account)
        events = set(sandbox.state.table("events"))
        sent = proxy.count("POST")
        second = tpi("sync", "push", RECORDS, url=proxy.url, **account)
    assert (first.code, second.code) == (0, 0), (first, second)
    assert sent == 3
    assert events == set(sandbox.state.table("events"))
    assert proxy.count("POST") == sent, "the second push sent something"


# Accounts --------------------------------------------------------------------------------------------------------


def plain_user(url: str) -> dict[str, str]:
    """Make a user who has no rights at all."""
    client = admin(url)
    role = {"id": "roleNothing", "name": "Nothing", "code": "NOTHING", "authorities": ["F_VIEW_EVENT_ANALYTICS"]}
    user = {"id": "userNothing", "username": "plain", "firstName": "Plain", "surname": "Person", "password": PASSWORD}
    client.ask("POST", "userRoles", body=role)
    client.ask("POST", "users", body={**user, "userRoles": [{"id": role["id"]}], "organisationUnits": []})
    return {"username": "plain", "password": PASSWORD}


@pytest.mark.parametrize("command", [COMMANDS["pull"], COMMANDS["push"]], ids=["pull", "push"])
def test_a_user_without_rights_may_not_sync(command, store):
    sandbox = provisioned()
    with serve(sandbox) as url:
        ran = tpi(*command, "--verbose", url=url, store=store, **plain_user(url))
    assert ran.code == 1
    assert "may not do this" in ran.err
    assert "right" in ran.err
    assert PASSWORD not in ran.out + ran.err
    assert not sandbox.state.table("events")


def test_a_user_without_rights_may_not_provision(store):
    sandbox = Sandbox()
    with serve(sandbox) as url:
        ran = tpi(*COMMANDS["apply"], url=url, store=store, **plain_user(url))
    assert is_plain_failure(ran), ran
    assert "nothing was sent" in ran.err
    assert "F_DATAELEMENT_PUBLIC_ADD for 350 dataElements" in ran.err
    assert not sandbox.state.table("programs")


def test_a_right_that_only_the_server_knows_of_is_refused_by_it():
    element = {"id": "aElement001", "name": "A name", "shortName": "A name", "domainType": "TRACKER"}
    bundle = {"dataElements": [{**element, "valueType": "TEXT", "aggregationType": "NONE"}]}
    with serve(Sandbox()) as url:
        account = plain_user(url)
        client = Client(Account(url, account["username"], account["password"]), pause=0)
        with pytest.raises(Forbidden, match="wrote nothing") as caught:
            Metadata(client).commit(bundle)
    assert "E3000" in caught.value.detail


def test_wrong_password_and_wrong_token_of_a_real_account(store):
    with serve(provisioned()) as url:
        ran = tpi("sync", "pull", "--verbose", url=url, username="admin", password=PASSWORD, store=store)
        ran_too = tpi("sync", "pull", "--verbose", url=url, token=TOKEN, store=store)
    for one in (ran, ran_too):
        assert one.code == 1
        assert "did not accept the credentials" in one.err
        assert not [secret for secret in SECRETS if secret in one.out + one.err]


def test_a_server_without_the_program_says_what_to_run(store):
    with serve(Sandbox()) as url:
        ran = tpi("sync", "pull", url=url, username="admin", password="district", store=store)
    assert is_plain_failure(ran), ran
    assert "provision apply" in ran.err
