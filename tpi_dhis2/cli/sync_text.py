"""What a pull, push or run did, in words for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tpi_dhis2.cli.sync_names import MOST, Json, Names, as_json, more, some
from tpi_dhis2.sync.outcome import CREATED, REMOVED, UPDATED

if TYPE_CHECKING:
    from tpi_dhis2.sync.mirror import Taken
    from tpi_dhis2.sync.outcome import Pushed
    from tpi_dhis2.sync.run import Ran

_OUTCOMES = (CREATED, UPDATED, REMOVED)


# Pull -------------------------------------------------------------------------------------------------------------


def pulled_json(done: Taken) -> Json:
    """What a pull did."""
    return {name: getattr(done, name) for name in ("seen", "taken", "conflicts", "deleted", "lost")}


def pulled_lines(done: Taken, *, dry_run: bool = False) -> Iterator[str]:
    """What a pull did, in words."""
    kept = "would be taken" if dry_run else "taken"
    yield f"{some(done.seen, 'partnership')} fetched; {some(done.taken, 'object')} {kept} into the store."
    if done.deleted:
        yield f"{some(done.deleted, 'object')} had been deleted on the server."
    if done.lost:
        yield (
            f"The server is older than this store, as after a backup was put back: {some(done.lost, 'object')} that it"
            " no longer has wait to be sent again."
        )
    if done.conflicts:
        yield f"{some(done.conflicts, 'object')} in conflict: see 'tpi-dhis2 sync conflicts'."


# Push -------------------------------------------------------------------------------------------------------------


def pushed_json(done: Pushed, names: Names) -> Json:
    """What a push did; refused records one by one."""
    kinds = {outcome: _of_outcome(done, outcome) for outcome in _OUTCOMES}
    refused = names.store.by_uid(done.refused)
    return {
        **kinds,
        "refused": [as_json(item, names) for item in refused.values()],
        "set_aside": [vars(rejected) for rejected in done.rejected],
        "warnings": done.warnings,
        "conflicts": done.conflicts,
        "waiting": done.waits,
        "requests": done.requests,
    }


def _of_outcome(done: Pushed, wanted: str) -> dict[str, int]:
    return {kind: count for (outcome, kind), count in sorted(done.counts.items()) if outcome == wanted}


def show_pushed(done: Pushed, names: Names, *, dry_run: bool = False) -> str:
    """What a push did, in words."""
    return "\n".join(_pushed_lines(done, names, dry_run=dry_run))


def _pushed_lines(done: Pushed, names: Names, *, dry_run: bool) -> Iterator[str]:
    for rejected in done.rejected[:MOST]:
        yield f"Set aside: {rejected.place}: {rejected.reason}."
    yield from more(len(done.rejected), "were set aside")
    refused = names.store.by_uid(list(done.refused)[:MOST])
    for uid, problem in list(done.refused.items())[:MOST]:
        what = names.of(refused[uid]) if uid in refused else uid
        yield f"Refused: {what} ({uid}): {problem}."
    yield from more(len(done.refused), "were refused: see 'tpi-dhis2 sync status --verbose'")
    for uid, warning in list(done.warnings.items())[:MOST]:
        yield f"Note of the server on {uid}: {warning}"
    if done.refused and not dry_run:
        yield "What was refused is tried again by each push; give one up with: sync resolve UID --take server"
    if done.conflicts:
        yield f"{some(done.conflicts, 'object')} in conflict: see 'tpi-dhis2 sync conflicts'."
    if not dry_run and done.waits > len(done.refused) + done.conflicts:
        yield "Some records changed on the server again and again meanwhile; they wait for the next push."
    yield _summary(done, dry_run=dry_run)


def _summary(done: Pushed, *, dry_run: bool) -> str:
    if not done.requests and not done.refused:
        return "Nothing to send." if done.rejected or done.conflicts else "Nothing to send: the server has it all."
    would = "would be " if dry_run else ""
    words = [f"{done.number(outcome)} {would}{outcome}" for outcome in _OUTCOMES if done.number(outcome)]
    rows = [
        f"  {kind}: " + ", ".join(f"{_of_outcome(done, outcome)[kind]} {outcome}" for outcome in _OUTCOMES
                                  if kind in _of_outcome(done, outcome))
        for kind in dict.fromkeys(kind for _, kind in sorted(done.counts))
    ]  # fmt: skip
    checked = "checked" if dry_run else "sent"
    return "\n".join([*rows, f"{', '.join(words) or 'Nothing taken'} ({some(done.requests, 'request')} {checked})."])


# Run --------------------------------------------------------------------------------------------------------------


def ran_json(done: Ran, names: Names) -> Json:
    """What a run did; without anything that people entered."""
    pushed = pushed_json(done.pushed, names)
    refused = [{key: each[key] for key in ("uid", "type", "kind", "codes")} for each in pushed["refused"]]
    hmis = vars(done.hmis) if done.hmis else None
    return {
        "pulled": pulled_json(done.pulled),
        "hmis": hmis,
        "pushed": {**pushed, "refused": refused, "warnings": len(pushed["warnings"])},
    }


def ran_lines(done: Ran, *, dry_run: bool) -> Iterator[str]:
    """What a run did, in words, without anything that people entered."""
    yield from pulled_lines(done.pulled, dry_run=dry_run)
    if done.hmis:
        yield f"{some(done.hmis.asked, 'value')} asked of the HMIS; {done.hmis.taken} new or changed."
        yield from done.hmis.problems
    pushed = done.pushed
    if pushed.refused:
        yield f"{some(len(pushed.refused), 'object')} refused by the server: see 'tpi-dhis2 sync status'."
    if pushed.conflicts:
        yield f"{some(pushed.conflicts, 'object')} in conflict: see 'tpi-dhis2 sync conflicts'."
    yield _summary(pushed, dry_run=dry_run)
