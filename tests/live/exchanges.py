"""The last exchanges with the server, for whoever has to find out from afar why a test failed; secrets are masked."""

from __future__ import annotations

import json
import os
import re
import threading
from collections import deque
from typing import Any

import requests

from tests.flow.accounts import PASSWORD

_KEPT, _SENT, _ANSWERED = 8, 1500, 4000
_PASSWORD = re.compile(r'("password"\s*:\s*)"[^"]*"', re.IGNORECASE)
_real = requests.Session.request


class Exchanges:
    """What was asked and answered last; the same question again (a job that is followed) counts once."""

    def __init__(self) -> None:
        self.kept: deque[tuple[str, str]] = deque(maxlen=_KEPT)
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def request(self, session: requests.Session, method: str, url: str, **given: Any) -> requests.Response:
        """In the place of ``requests.Session.request``: ask, and note what came of it."""
        try:
            response = _real(session, method, url, **given)
        except requests.RequestException as error:
            self._note(f"{method} {url}", given, f"{type(error).__name__}: {error}")
            raise
        self._note(f"{method} {response.url}", given, f"{response.status_code} {response.text[:_ANSWERED]}")
        return response

    def _note(self, asked: str, given: dict[str, Any], answer: str) -> None:
        sent = f"\n  sent: {json.dumps(given['json'])[:_SENT]}" if given.get("json") is not None else ""
        with self._lock:  # a push asks in several threads
            self.asked.append(asked)
            if self.kept and self.kept[-1][0] == asked:
                self.kept.pop()
            self.kept.append((asked, f"{asked[:2000]}{sent}\n  answer: {answer}"))

    def told(self) -> str:
        """All of it, the newest last."""
        return "\n\n".join(masked(text) for _, text in self.kept)


def masked(text: str) -> str:
    """The text without the account's secrets and without any password in a body."""
    secrets = [PASSWORD, *(os.environ.get(f"TPI_DHIS2_{name}", "") for name in ("PASSWORD", "TOKEN"))]
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return _PASSWORD.sub(r'\1"***"', text)


EXCHANGES = Exchanges()
