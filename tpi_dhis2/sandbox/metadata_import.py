"""The import of a bundle: validate it, then store all of it, or what is valid, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tpi_dhis2.sandbox.accounts import Account
from tpi_dhis2.sandbox.ids import new_uid
from tpi_dhis2.sandbox.metadata_checks import (
    Bundle,
    check_references,
    check_schema,
    check_security,
    check_strategy,
    check_translations,
    check_unique,
)
from tpi_dhis2.sandbox.metadata_delete import delete
from tpi_dhis2.sandbox.metadata_hooks import HOOKS
from tpi_dhis2.sandbox.metadata_veto import check_veto
from tpi_dhis2.sandbox.metadata_write import link, store
from tpi_dhis2.sandbox.reports import Item, import_report
from tpi_dhis2.sandbox.schema import TYPES
from tpi_dhis2.sandbox.state import State
from tpi_dhis2.sandbox.web import Json, Request, refuse

STRATEGIES = ("CREATE_AND_UPDATE", "CREATE", "UPDATE", "DELETE")
TRANSIENT = "object references an unsaved transient instance - save the transient instance before flushing : "


@dataclass(frozen=True)
class Options:
    """The parameters of an import; a value that is not known counts as the default, as on the server."""

    strategy: str = "CREATE_AND_UPDATE"
    commit: bool = True
    atomic: bool = True
    full: bool = False
    skip_sharing: bool = False
    skip_translation: bool = False
    by_code: bool = False
    merge: bool = False


def options_of(request: Request) -> Options:
    """Read the parameters."""
    strategy = request.one("importStrategy", "") or ""
    return Options(
        strategy if strategy in STRATEGIES else STRATEGIES[0],
        commit=request.one("importMode") != "VALIDATE",
        atomic=request.one("atomicMode") != "NONE",
        full=request.one("importReportMode") in ("FULL", "DEBUG"),
        skip_sharing=request.flag("skipSharing"),
        skip_translation=request.flag("skipTranslation"),
        by_code=request.one("identifier") == "CODE",
        merge=request.one("mergeMode") in ("MERGE", "MERGE_ALWAYS", "MERGE_IF_NOT_NULL"),
    )


def items_of(state: State, payload: dict[str, list[Json]], options: Options) -> list[Item]:
    """Return the objects of the known types with what the server has of them."""
    items = []
    for plural in [each for each in TYPES if each in payload]:
        for index, sent in enumerate(payload[plural]):
            uid = _uid_of(state, plural, sent, options)
            items.append(Item(TYPES[plural], index, sent, uid, state.get(plural, uid)))
    return items


def _uid_of(state: State, plural: str, sent: Json, options: Options) -> str:
    if options.by_code and sent.get("code"):
        rows = [row for row in state.table(plural).values() if row.get("code") == sent["code"]]
        if rows:
            return str(rows[0]["id"])
    return str(sent.get("id") or new_uid())


def validate(account: Account, items: list[Item], options: Options) -> None:
    """Find the problems of all items."""
    bundle = Bundle(account, items)
    for item in items:
        check_strategy(item, options.strategy)
        check_security(account, item)
    if options.strategy == "DELETE":
        return
    check_unique(bundle)
    for item in items:
        if any(problem.group == "strategy" or problem.code == "E5004" for problem in item.problems):
            continue
        check_schema(item, account.state.minor)
        check_references(bundle, item)
        check_translations(item)
        hook = HOOKS.get(item.type.plural)
        if hook and not any(problem.code == "E4000" and problem.name == "program" for problem in item.problems):
            hook(bundle, item)


def run(account: Account, payload: dict[str, list[Json]], options: Options) -> Json:
    """Import a bundle and return its report."""
    items = items_of(account.state, payload, options)
    validate(account, items, options)
    stopped = options.atomic and any(item.problems for item in items)
    if not stopped:
        _go_on(account, [item for item in items if not item.problems], options)
    bad = any(item.problems for item in items)
    status = "ERROR" if stopped else ("WARNING" if bad else "OK")
    full = options.full and options.commit and not stopped
    return import_report(items, status, account.state.minor, full=full, named=not options.commit)


def _go_on(account: Account, items: list[Item], options: Options) -> None:
    """Do what is asked for with valid objects; what may not be deleted stops nothing but its own deletion."""
    deleting = options.strategy == "DELETE"
    if deleting and options.commit:
        check_veto(account.state, items)
    good = [item for item in items if not item.problems]
    for item in good:
        item.outcome = "deleted" if deleting else ("updated" if item.existing else "created")
    if options.commit:
        _commit(account, good, options)


def _commit(account: Account, good: list[Item], options: Options) -> None:
    if options.strategy == "DELETE":
        delete(account.state, good)
        return
    _known_failures(account.state.minor, good)
    for item in good:
        if options.merge and account.state.minor == 40:  # later versions replace, whatever is asked for
            item.sent = {**(item.existing or {}), "version": None, **item.sent}
        store(account, item, skip_sharing=options.skip_sharing, skip_translation=options.skip_translation)
    link(account.state, good)


def _known_failures(minor: int, items: list[Item]) -> None:
    """Fail where the recorded servers fail on commit, though the validation passed."""
    for item in items:
        stored_message = item.type.plural == "programRuleActions" and item.existing and item.sent.get("templateUid")
        if minor >= 42 and stored_message:
            name = "org.hisp.dhis.programrule.ProgramRuleAction.notificationTemplate"
            raise refuse(409, f"org.hibernate.TransientPropertyValueException: {TRANSIENT}{name}")
        views = item.sent.get("mapViews") or [] if item.type.plural == "maps" else []
        if minor == 40 and any(view.get("dataDimensionItems") for view in views):
            name = "org.hisp.dhis.common.DataDimensionItem"
            raise refuse(409, f"org.hibernate.TransientObjectException: {TRANSIENT}{name}")
