"""Jobs: run at once or after some looks at them, and their notifications and reports kept for whoever polls."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, Reply, Request, refuse

METADATA, TRACKER = "METADATA_IMPORT", "TRACKER_IMPORT_JOB"
JOB_TYPES = (METADATA, TRACKER, "ANALYTICS_TABLE", "RESOURCE_TABLE", "DATA_INTEGRITY")
REPORT_MODES = ("FULL", "ERRORS", "WARNINGS")


def new_job(state: State, kind: str) -> str:
    """Keep a job that has said nothing yet, and return its id."""
    uid = new_uid()
    state.put("jobs", uid, {"kind": kind, "notifications": [], "summary": None})
    return uid


def end_job(state: State, uid: str, summary: Json) -> None:
    """Keep the report of a tracker import, and say how it went; to a 2.40 all ends are alike."""
    failed = summary["status"] == "ERROR" and state.minor > 40
    state.change("jobs", uid, summary=summary)
    say(state, uid, ["Creating bundle"])
    say(state, uid, [end_text(summary["status"], summary["stats"])], "ERROR" if failed else "INFO", completed=True)


def say(state: State, uid: str, texts: list[str], level: str = "INFO", *, completed: bool = False) -> None:
    """Add notifications to a job; the newest stands first."""
    job = state.get("jobs", uid)
    new = [_note(state, job["kind"], level, text, completed=completed) for text in texts]
    state.change("jobs", uid, notifications=[*new[::-1], *job["notifications"]])


def wait(state: State, uid: str, steps: Iterator[None]) -> None:
    """Run a job now, or step by step once it has been looked at so often."""
    if state.looks_before_jobs:
        state.waiting[uid] = (state.looks_before_jobs, steps)
    else:
        deque(steps, maxlen=0)


def _look(state: State, uid: str) -> None:
    """Let time pass for a job that waits: each look at it is a while."""
    left, steps = state.waiting.get(uid, (0, iter(())))
    if left:
        state.waiting[uid] = (left - 1, steps)
    else:
        next(steps, None)


def _note(state: State, kind: str, level: str, text: str, *, completed: bool) -> Json:
    uid = new_uid()
    return {"level": level, "category": kind, "message": text, "completed": completed, "id": uid,
            "time": state.now(), "uid": uid}  # fmt: skip


def end_text(status: str, stats: Json) -> str:
    """Return the last notification of an import."""
    counts = ", ".join(f"{stats[name]} {name}" for name in ("created", "updated", "deleted", "ignored"))
    return f"Import complete with status {status}, {counts}"


def look_at(state: State, uid: str) -> Reply:
    """Answer what a job has said, and let it go on."""
    _look(state, uid)
    return notifications(state, uid)


def notifications(state: State, uid: str) -> Reply:
    """Return what a job has said; an unknown job has said nothing."""
    job = state.get("jobs", uid)
    return Reply(200, job["notifications"] if job else [])


def tasks(state: State, parts: list[str]) -> Reply:
    """Answer GET /api/system/tasks/{type}[/{id}]; of several jobs the first and the last that each has said."""
    if not parts or parts[0] not in JOB_TYPES:
        raise refuse(400, f"Value '{''.join(parts)}' is not valid for parameter jobType.")
    if len(parts) > 1:
        return look_at(state, parts[1])
    said = {uid: job["notifications"] for uid, job in state.table("jobs").items() if job["kind"] == parts[0]}
    return Reply(200, {uid: notes if len(notes) < 3 else [notes[0], notes[-1]] for uid, notes in said.items()})


def task_summary(state: State, parts: list[str]) -> Reply:
    """Answer GET /api/system/taskSummaries/{type}/{id}: empty for a job that is not known."""
    job = state.get("jobs", parts[-1])
    return Reply(200, job["summary"]) if job and job["summary"] else Reply(200, text="")


def tracker_report(state: State, uid: str, request: Request) -> Reply:
    """Answer GET /api/tracker/jobs/{id}/report."""
    mode = request.one("reportMode", "ERRORS")
    if mode not in REPORT_MODES:
        text = f"Value '{mode}' is not valid for parameter reportMode. Valid values are: [FULL, ERRORS, WARNINGS]"
        raise refuse(400, text)
    job = state.get("jobs", uid)
    if job is None or job["summary"] is None:
        raise refuse(404, f"Summary for job {uid} does not exist", "E1005")
    return Reply(200, _told(job["summary"], mode))


def _told(summary: Json, mode: str) -> Json:
    """Return a report as a mode asks for it: times with FULL only, warnings not with ERRORS."""
    found = {name: value for name, value in summary.items() if mode == "FULL" or name != "timingsStats"}
    hidden: Json = {"warningReports": []} if mode == "ERRORS" else {}
    return {**found, "validationReport": {**summary["validationReport"], **hidden}}
