"""Large imports of metadata as jobs of the server: started, followed to their end, and their report fetched.

A job says how it goes in notes that the server keeps in its memory, and leaves a report. Neither is sure: notes may be
switched off, come late or be gone after a restart, the report may come a moment after the end. What cannot be told in
the end is told as OutcomeUnknown. Notes and reports are those of ``metadata-import/*async*`` in the recordings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tpi_dhis2.dhis2 import transport
from tpi_dhis2.dhis2.client import Answer, Client
from tpi_dhis2.errors import NotDhis2, NotFound, OutcomeUnknown, ServerFailed, TpiError, Unreachable

Json = dict[str, Any]
Told = Callable[[str], None]

KIND = "METADATA_IMPORT"
SHORTEST, LONGEST = 0.2, 5.0
#: A job may wait minutes for its turn and check a whole bundle without a note, and a server takes minutes to start.
SILENT_SECONDS = 600.0
#: On a 2.40 jobs share their threads with the messages that imports of records send: recorded are twelve minutes of no
#: word, and it gets three times as long.
TIMES_ON_2_40 = 3
#: The report of a 2.40 comes after the note of the end; five pauses from 0.2 seconds on are six seconds.
REPORT_TIMES = 6
#: A 2.40 says that it is done, and reports, before its transaction has ended; if that fails, another note comes.
SETTLE_SECONDS = 0.5
#: The end of a job that died of an exception; whatever it had written is rolled back, and there is no report.
FAILED = "Process failed"

LOOK = "Look at what is there before sending it again: 'tpi-dhis2 provision plan' tells."
LOOK_AGAIN = "Run the same command again: it looks at what is there first, and nothing is doubled."


def tell_nobody(_: str) -> None:
    """What is told when nobody wants to hear it."""


@dataclass(frozen=True)
class Clock:
    """Time and pauses; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def import_as_job(client: Client, params: Mapping[str, str], bundle: Json, told: Told, clock: Clock) -> Answer:
    """Import a bundle as a job; what a synchronous request would have been answered.

    OutcomeUnknown when the job was started and nobody can tell how it ended.
    """
    settle = params["importMode"] == "COMMIT" and client.version.minor == 40
    started = client.ask("POST", "metadata", params={**params, "async": "true"}, body=bundle, expect=(409,))
    if started.status >= 300:
        return started
    return Job(client, _id_of(started), told, clock).outcome(settle)


def _id_of(answer: Answer) -> str:
    response = answer.body.get("response") if isinstance(answer.body, dict) else None
    uid = response.get("id") if isinstance(response, dict) else None
    if not isinstance(uid, str) or not uid.isalnum():
        raise OutcomeUnknown("The server took the metadata and did not say under which job.", LOOK, str(answer.body))
    return uid


def turns(clock: Clock) -> Iterator[float]:
    """The times at which to look: now, and after growing pauses."""
    pause = SHORTEST
    yield clock.now()
    while True:
        clock.sleep(pause)
        pause = min(pause * 2, LONGEST)
        yield clock.now()


@dataclass
class Job:
    """One job of the server and what has been heard of it; ``notes`` and ``summary`` are where it is asked about.

    It may say nothing for ``silent`` seconds (SILENT_SECONDS when None, and three times that on 2.40).
    """

    client: Client
    uid: str
    told: Told = tell_nobody
    clock: Clock = field(default_factory=Clock)
    heard: dict[str, Json] = field(default_factory=dict)
    notes: str = f"system/tasks/{KIND}/{{}}"
    summary: str = f"system/taskSummaries/{KIND}/{{}}"
    advice: str = LOOK
    silent: float | None = None

    @classmethod
    def of_tracker(cls, client: Client, uid: str, silent: float | None = None) -> Job:
        """A job that imports records. Its own ``location`` names a wrong address from 2.42 on (recorded)."""
        report = "tracker/jobs/{}/report?reportMode=FULL"
        return cls(client, uid, notes="tracker/jobs/{}", summary=report, advice=LOOK_AGAIN, silent=silent)

    def report(self) -> Json:
        """Wait for the end; the report. OutcomeUnknown when there is none, which a job that failed leaves, too."""
        self._wait()
        report = self._report()
        if report is None:
            raise self._unknown(f"ended with '{self._last_word()}' and left no report")
        return report

    def outcome(self, settle: bool = False) -> Answer:
        """Wait for the end; the report in the envelope of a synchronous import."""
        self._wait()
        report = self._report()
        if settle:
            self.clock.sleep(SETTLE_SECONDS)
        if settle or report is None:
            self._listen()
        return self._verdict(report)

    def _verdict(self, report: Json | None) -> Answer:
        """What report and notes come to."""
        text = self._last_word()
        if text.startswith(FAILED) or (report is None and self._has_failed()):
            return Answer(409, {"status": "ERROR", "message": text})
        if report is None:
            raise self._unknown(f"ended with '{text}' and left no report")
        good = report.get("status") == "OK"
        return Answer(200 if good else 409, {"message": text, "response": report})

    @property
    def _patience(self) -> float:
        """How many seconds it may say nothing."""
        if self.silent is not None:
            return self.silent
        return SILENT_SECONDS * (TIMES_ON_2_40 if self.client.version.minor == 40 else 1)

    def _wait(self) -> None:
        """Wait until the notes say that it is over, or its report is there without any."""
        started = last = self.clock.now()
        for now in turns(self.clock):
            known = len(self.heard)
            notes = self._listen()
            if any(_is_end(note) for note in self.heard.values()) or (notes == [] and self._ask(self.summary)):
                return
            if notes == [] and self.heard:
                raise self._unknown("is gone; the server has probably been started anew")
            last = now if len(self.heard) > known else last
            if now - last > self._patience or now - started > transport.IMPORT_SECONDS:
                error = self._unknown(f"has not said that it ended; its last word: '{self._last_word() or 'none'}'")
                error.under_way = bool(self.heard)
                raise error

    def _report(self) -> Json | None:
        """The report, asked for until it is there; None when it does not come."""
        for times, _ in enumerate(turns(self.clock), 1):
            report = self._ask(self.summary)
            if isinstance(report, dict) and report.get("stats"):
                return report
            if times == REPORT_TIMES:
                break
        return None

    def _listen(self) -> list[Json] | None:
        """Tell what is new; the notes from the oldest to the newest, or None when the server could not say."""
        body = self._ask(self.notes)
        if not isinstance(body, list):
            return None
        notes = [note for note in reversed(body) if isinstance(note, dict)]
        notes.sort(key=lambda note: str(note.get("time")))
        for note in notes:
            self._hear(note)
        return notes

    def _hear(self, note: Json) -> None:
        key = str(note.get("uid") or note.get("id") or (note.get("time"), note.get("message")))
        if key not in self.heard:
            self.heard[key] = note
            if note.get("message"):
                self.told(str(note["message"]))

    def _ask(self, where: str) -> Any:
        """What the server says of the job; None when it cannot be asked just now, as while it or its proxy starts."""
        try:
            return self.client.get(where.format(self.uid))
        except (Unreachable, ServerFailed, NotDhis2, NotFound) as error:
            # A report is not found before its time.
            if where == self.notes or not isinstance(error, NotFound):
                self.told(f"{error} The import goes on without us; asking again.")
        except TpiError as error:
            raise self._unknown(f"cannot be followed any more: {error}") from error
        return None

    def _last_word(self) -> str:
        """The message of the end, or else the last one."""
        notes = sorted(self.heard.values(), key=lambda note: (_is_end(note), note.get("level") == "ERROR"))
        said = [str(note["message"]) for note in notes if note.get("message")]
        return " ".join(said[-1].split()) if said else ""

    def _has_failed(self) -> bool:
        """Whether the server called it failed and over; a fault on the way may not have been the end."""
        return any(note.get("level") == "ERROR" and note.get("completed") is True for note in self.heard.values())

    def _unknown(self, how: str) -> OutcomeUnknown:
        said = [f"{note.get('time')} {note.get('level')} {note.get('message')}" for note in self.heard.values()]
        text = f"Whether the server took what was sent is not known: its job {self.uid} {how.rstrip('.')}."
        return OutcomeUnknown(text, self.advice, "\n".join(said))


def _is_end(note: Json) -> bool:
    """Whether a note is of the end: a job that failed may never be called completed."""
    return note.get("completed") is True or note.get("level") == "ERROR"
