"""How much fits in one address: long questions are asked in several requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlencode

#: Characters of one address; servers and proxies refuse those of more than 8,000.
_ADDRESS = 6000
#: Signs that part the names in a list, or end it.
_LIST_SIGNS = set(",[]")


def export_params(conditions: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The parameters of as few requests as it takes; of two conditions of one type in one request both would count."""
    params: list[tuple[str, str]] = []
    for kind, condition in conditions:
        more = [(f"{kind}:filter", condition)] if condition else []
        more.append((f"{kind}:fields", ":owner"))
        if params and (more[-1] in params or len(urlencode([*params, *more])) > _ADDRESS):
            yield params
            params = []
        params += more
    if params:
        yield params


def batches(names: Iterable[str], around: int = 0) -> Iterator[list[str]]:
    """Names that fit in one address, with so much around each; one with a sign of lists in it stands alone."""
    batch: list[str] = []
    room = _ADDRESS
    for name in sorted({*names} - {""}):
        size = len(quote(f"{name},", safe="")) + around
        if batch and (size > room or set(name) & _LIST_SIGNS or set(batch[-1]) & _LIST_SIGNS):
            yield batch
            batch, room = [], _ADDRESS
        batch.append(name)
        room -= size
    if batch:
        yield batch
