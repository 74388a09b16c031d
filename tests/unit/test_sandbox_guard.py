"""Who may ask the sandbox: nobody else's web page, and from other machines only who has an account."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from tests.fault.servers import tpi
from tests.unit.test_sandbox import ACCOUNT, constant
from tpi_dhis2.sandbox.guard import is_loopback
from tpi_dhis2.sandbox.server import Sandbox, serve

RISK = "--anyone-on-this-network-may-read-and-change-it"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(Sandbox("2.42")) as found:
        yield found


def host(url: str) -> str:
    return url.removeprefix("http://")


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8085", "127.0.0.1.evil.example", "10.0.0.5", "[bad"])
def test_a_page_whose_name_leads_here_is_refused(url: str, name: str) -> None:
    for path in ("/", "/api/me", "/partnership/tePartner01"):
        answer = requests.get(url + path, headers={"Host": name}, auth=ACCOUNT, timeout=10)
        assert (answer.status_code, answer.text.count("\n")) == (403, 1)
        assert "answers only at its own address" in answer.text


@pytest.mark.parametrize("name", ["localhost", "localhost:9999", "127.0.0.1", "127.0.0.2:80", "[::1]:8085"])
def test_the_names_of_this_machine_are_answered(url: str, name: str) -> None:
    assert requests.get(f"{url}/api/me", headers={"Host": name}, auth=ACCOUNT, timeout=10).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_a_change_from_a_page_of_others_is_refused(url: str, origin: str) -> None:
    body = {"constants": [constant("conNew00001", "New")]}
    sent = {"json": body, "auth": ACCOUNT}
    refused = requests.post(f"{url}/api/metadata", headers={"Origin": origin}, timeout=10, **sent)
    assert (refused.status_code, refused.text.count("\n")) == (403, 1)
    assert requests.get(f"{url}/api/constants/conNew00001", auth=ACCOUNT, timeout=10).status_code == 404
    read = requests.get(f"{url}/api/me", headers={"Origin": origin}, auth=ACCOUNT, timeout=10)
    assert (read.status_code, "Access-Control-Allow-Origin" in read.headers) == (200, False)
    ours, validate = {"Origin": f"http://{host(url)}"}, f"{url}/api/metadata?importMode=VALIDATE"
    own = requests.post(validate, headers=ours, timeout=10, **sent)
    assert own.status_code == 200


def test_from_other_machines_pages_ask_for_an_account() -> None:
    with serve(Sandbox("2.42"), host="0.0.0.0") as found:  # noqa: S104 - for the length of this test, on a free port
        here = found.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        for path in ("/", "/partnership/tePartner01"):
            asked = requests.get(here + path, timeout=10)
            assert (asked.status_code, asked.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
            assert "not a DHIS2" in asked.text
            assert requests.get(here + path, auth=("admin", "wrong"), timeout=10).status_code == 401
        assert requests.get(here, auth=ACCOUNT, timeout=10).status_code == 200
        # Its own names are not known then; an account is needed for everything.
        assert requests.get(here, headers={"Host": "training-pc:80"}, auth=ACCOUNT, timeout=10).status_code == 200


def test_what_reaches_only_this_machine() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("localhost")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")  # noqa: S104
    assert not is_loopback("::")
    assert not is_loopback("192.0.2.7")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104
def test_no_other_address_without_the_words_that_say_the_risk(tmp_path, address: str) -> None:
    ran = tpi("sandbox", "serve", "--host", address, "--port", "0", "--file", tmp_path / "s.json")
    assert ran.code == 1
    assert ran.lines[0].startswith(f"Error: At {address} others could reach the sandbox")
    assert RISK in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_none(tmp_path) -> None:
    ran = tpi("sandbox", "serve", "--host", "no.such.host.invalid", "--file", tmp_path / "s.json")
    assert (ran.code, ran.lines[0]) == (1, "Error: 'no.such.host.invalid' is no address of this machine.")
    other = tpi("sandbox", "serve", "--host", "192.0.2.7", RISK, "--port", "0", "--file", tmp_path / "s.json")
    assert (other.code, other.lines[0]) == (1, "Error: Port 0 of 192.0.2.7 cannot be used.")


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_it_listens_at_ipv6() -> None:
    try:
        with serve(Sandbox("2.42"), host="::1") as found:
            assert found.startswith("http://[::1]:")
            assert requests.get(f"{found}/api/me", auth=ACCOUNT, timeout=10).status_code == 200
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
