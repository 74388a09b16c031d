"""POST /api/metadata: answered with the report, or with a job that tells in notes how far it is."""

from __future__ import annotations

from collections.abc import Iterator

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.jobs import METADATA, end_text, new_job, say, wait
from tpi_dhis2.sandbox.metadata_import import Options, options_of, run
from tpi_dhis2.sandbox.payload import read_metadata
from tpi_dhis2.sandbox.reports import report_reply
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, RefusalError, Reply, Request, message

#: What a job of 2.41 and later says on its way.
BEGUN = ["Metadata import started", "Loading file resource", "Loading file content"]
CREATING = ["Running preCreateBundle", "Creating bundle"]
CHECKING = ["Running postCreateBundle", "Validating bundle"]
STATUS_OF = {40: "SCHEDULED"}
ENVELOPE_OF = {42: "JobConfigurationWebMessageResponse", 43: "JobConfiguration"}


def post_metadata(account: Account, request: Request) -> Reply:
    """Answer POST /api/metadata."""
    minor, options = account.state.minor, options_of(request)
    if request.flag("async"):
        return _start(account, request, options)
    return report_reply(run(account, read_metadata(request, minor), options))


def _start(account: Account, request: Request, options: Options) -> Reply:
    """Take the bundle, which 2.40 reads at once and later versions in the job, and answer with the job."""
    state = account.state
    if state.minor == 40:
        read_metadata(request, state.minor)
    uid = new_job(state, METADATA)
    reply = _envelope(state, uid, _params(account, options), request.base_url)
    wait(state, uid, _steps(account, uid, request, options))
    return reply


def _envelope(state: State, uid: str, params: Json, base: str) -> Reply:
    minor, now = state.minor, state.now()
    name = "metadataImport" if minor == 40 else f"{METADATA} ({state.milliseconds()})"
    path = f"/api/system/tasks/{METADATA}"
    response: Json = {"name": name, "id": uid, "created": now, "jobType": METADATA,
                      "jobStatus": STATUS_OF.get(minor, "NOT_STARTED"),
                      "relativeNotifierEndpoint": f"{path}/{uid}"}  # fmt: skip
    response |= {"jobParameters": params} if minor > 40 else {}
    response |= {"responseType": ENVELOPE_OF[minor]} if minor in ENVELOPE_OF else {}
    reply = message(200, f"Initiated {name}", response=response)
    return Reply(reply.status, reply.body, headers={"Location": base + path})


def _params(account: Account, options: Options) -> Json:
    common = {"importMode": "COMMIT" if options.commit else "VALIDATE", "identifier": "UID",
              "preheatMode": "REFERENCE", "importStrategy": options.strategy,
              "atomicMode": "ALL" if options.atomic else "NONE", "flushMode": "AUTO",
              "importReportMode": "FULL" if options.full else "ERRORS", "skipSharing": options.skip_sharing,
              "skipTranslation": options.skip_translation, "skipValidation": False, "metadataSyncImport": False,
              "firstRowIsHeader": True}  # fmt: skip
    by_version: dict[int, Json] = {40: {"mergeMode": "REPLACE", "username": account.username},
                                   41: {"userOverrideMode": "NONE", "async": True}}  # fmt: skip
    return common | by_version.get(account.state.minor, {"async": True})


def _steps(account: Account, uid: str, request: Request, options: Options) -> Iterator[None]:
    """Begin; import the bundle and say how it went."""
    state, old = account.state, account.state.minor == 40
    say(state, uid, [f"({account.username}) Import:Start"] if old else BEGUN)
    yield
    try:
        with state.nested():
            payload = read_metadata(request, state.minor)
            report = run(account, payload, options)
    except RefusalError as refusal:
        say(state, uid, [f"Process failed: {refusal.reply.body['message']}"], "ERROR", completed=True)
        return
    say(state, uid, [] if old else CREATING + CHECKING)
    for each in report["typeReports"] if options.commit else []:
        say(state, uid, list(_of_type(each, account)))
    _end(account, uid, report, options)


def _of_type(report: Json, account: Account) -> Iterator[str]:
    """Say what is done with the objects of one type."""
    kind = report["klass"].rsplit(".", 1)[-1]
    for word, verb in (("created", "Create"), ("updated", "Update"), ("deleted", "Delete")):
        count, doing = report["stats"][word], f"{verb.removesuffix('e')}ing {report['stats'][word]}"
        if not count:
            continue
        if account.state.minor == 40:
            yield f"({account.username}) {doing} object(s) of type {kind}"
            continue
        for stage in (f"Running pre{verb} {kind} bundle hooks", f"{doing} {kind} object(s) as {account.username}",
                      f"Running post{verb} {kind} bundle hooks"):  # fmt: skip
            yield from (stage, f"{count} successful and 0 failed items")


def _end(account: Account, uid: str, report: Json, options: Options) -> None:
    """Keep the report, and say that it is over; 2.40 says no more than that."""
    state = account.state
    kept = {name: value for name, value in report.items() if name != "responseType"}
    state.change("jobs", uid, summary={"importParams": _params(account, options), **kept})
    old = state.minor == 40
    text = f"({account.username}) Import:Done took 0.1 sec." if old else end_text(report["status"], report["stats"])
    say(state, uid, [text], "ERROR" if report["status"] == "ERROR" and not old else "INFO", completed=True)
