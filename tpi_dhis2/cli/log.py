"""The log of a run for whoever keeps it: a line an event, ``event key=value ...``, on standard error.

By default it holds counts, UIDs, kinds and codes only: neither what people entered nor what a server quotes of it.
"""

from __future__ import annotations

import logging
import sys

#: What every record of the standard library has; the rest was given by the one who logs.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Line(logging.Formatter):
    """Writes an event as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The event, how serious it is when it is, and what was given with it."""
        given = {key: value for key, value in vars(record).items() if key not in _USUAL}
        level = "" if record.levelno <= logging.INFO else f" level={record.levelname.lower()}"
        return f"event={_word(record.getMessage())}{level}" + "".join(f" {k}={_word(v)}" for k, v in given.items())


def _word(value: object) -> str:
    text = " ".join(str(value).split())
    return '"' + text.replace('"', "'") + '"' if not text or " " in text or "=" in text else text


def log_to_stderr(*, verbose: bool) -> None:
    """Write the events of the sync to standard error; with ``verbose`` also the words of the server."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logger = logging.getLogger("tpi_dhis2.sync")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
