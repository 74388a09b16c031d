"""Sends recorded requests to a sandbox, as the recorder sent them to real servers."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import time
from datetime import UTC, datetime
from typing import Any

import requests

from tests.contract.recordings import Exchange

PASSWORD = "Training-2026"  # the recorded ones are scrubbed
REDACTED = "<redacted>"
# Which recorded token a request with a scrubbed key means.
TOKEN_OF = {
    "pat-use": "pat-create-empty",
    "pat-use-lowercase": "pat-create-empty",
    "pat-expired-use": "pat-expire-soon",
    "pat-restricted-ip": "pat-create-restricted",
    "pat-get-only-post": "pat-create-get-only",
    "pat-revoked-use": "pat-create-get-only",
}
UNKNOWN_TOKENS = {"pat-invalid-checksum", "pat-unknown", "pat-garbage"}


class Player:
    """Sends recorded requests to one sandbox and keeps what later ones refer to."""

    def __init__(self, url: str):
        self.url = url
        self.session = requests.Session()
        self.names: dict[str, str] = {}  # identifiers that the server made up: recorded -> played
        self.tokens: dict[str, str] = {}
        self.before_delete: str | None = None

    def send(self, exchange: Exchange) -> requests.Response:
        """Send the request of an exchange and return what the sandbox answers."""
        request = exchange.request
        after = self.before_delete if exchange.slug.startswith("moved-7") else None
        query = [(key, after or value if key == "updatedAfter" else value) for key, value in request["query"]]
        if exchange.slug == "moved-7-delete-event":
            self.before_delete = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        response = self.session.request(
            request["method"], self.url + self.renamed(request["path"]), params=query, headers=self._headers(exchange),
            data=body_of(exchange), allow_redirects=False, timeout=60,
        )  # fmt: skip
        self._remember(exchange, response)
        return response

    def expected(self, exchange: Exchange) -> Any:
        """Return the recorded body with the identifiers of the replay."""
        return json.loads(self.renamed(json.dumps(exchange.response["body"])))

    def as_admin(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send a request that was not recorded."""
        return self.session.request(method, self.url + path, json=body, auth=("admin", "district"), timeout=60)

    def renamed(self, text: str) -> str:
        """Return a text with the identifiers of the replay."""
        for recorded, played in self.names.items():
            text = text.replace(recorded, played)
        return text

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        headers = dict(exchange.request.get("headers") or {})
        headers.pop("authorization", None)
        if exchange.slug == "csv-events-import":
            headers["content-type"] = "application/json"
        return headers | self._authorization(exchange)

    def _authorization(self, exchange: Exchange) -> dict[str, str]:
        scheme = (exchange.request.get("headers") or {}).get("authorization")
        key = self._key(exchange.slug)
        if exchange.slug == "pat-use-lowercase":
            return {"Authorization": f"apitoken {key}"}
        if scheme == "ApiToken":
            return {"Authorization": f"ApiToken {key}"}
        if scheme == "Bearer":
            return {"Authorization": "Bearer nonsense"}
        return {"Authorization": basic(exchange)} if scheme else {}

    def _key(self, slug: str) -> str:
        if slug in UNKNOWN_TOKENS:
            return self.tokens.get("pat-create-empty", "d2p_")[:-1] + "!"
        return self.tokens.get(TOKEN_OF.get(slug, ""), "")

    def _remember(self, exchange: Exchange, response: requests.Response) -> None:
        old, new = _made(exchange, exchange.response["body"]), _made(exchange, _json_of(response))
        for name in ("id", "uid"):
            if old.get(name) and new.get(name):
                self.names[old[name]] = new[name]
        if new.get("key"):
            self.tokens[exchange.slug] = new["key"]
            if exchange.slug == "pat-expire-soon":
                time.sleep(0.01)


def basic(exchange: Exchange) -> str:
    """Return the header of an account by name and password."""
    user = exchange.request["user"]
    password = {"admin": "district"}.get(user, PASSWORD) if exchange.slug != "bad-password" else "wrong"
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def body_of(exchange: Exchange) -> bytes | None:
    """Return the body that the recorder sent; passwords are scrubbed there, so others stand in their place."""
    body = exchange.request.get("body")
    if body is None:
        return None
    text = body if isinstance(body, str) else json.dumps(body)
    if exchange.slug == "csv-events-import":
        text = json.dumps({"events": [_event_of_csv(text)]})
    password = "weak" if exchange.slug == "user-weak-password" else PASSWORD
    data = text.replace(REDACTED, password).encode()
    return gzip.compress(data) if exchange.slug.startswith("gzip-") else data


def _event_of_csv(text: str) -> dict[str, Any]:
    """Return the event of a recorded CSV import, which the sandbox takes as JSON only."""
    row = next(csv.DictReader(io.StringIO(text)))
    names = ("event", "status", "program", "programStage", "enrollment", "orgUnit", "occurredAt")
    values = [{"dataElement": row["dataElement"], "value": row["value"]}]
    return {name: row[name] for name in names} | {"dataValues": values}


def _json_of(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _without_id(sent: Any) -> bool:
    """Say whether a bundle of one object leaves its identifier to the server."""
    lists = [rows for rows in sent.values() if isinstance(rows, list)] if isinstance(sent, dict) else []
    return len(lists) == 1 and [row.get("id", "") for row in lists[0] if isinstance(row, dict)] == [""]


def _made(exchange: Exchange, body: Any) -> dict[str, Any]:
    """Return where the identifier stands that the server has made up, if it has."""
    whole = exchange.request["path"].endswith("/metaData")
    found = body if whole or not isinstance(body, dict) else body.get("response")
    found = found if isinstance(found, dict) else {}
    objects = [each for kind in found.get("typeReports") or [] for each in kind["objectReports"]]
    return objects[0] if objects and _without_id(exchange.request["body"]) else found
