"""Laws of the domain: UIDs, dates, merging, progress and results, whatever the input."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from tpi_dhis2.domain import calculate, functioning, measures
from tpi_dhis2.domain.dates import DAY, MONTH, YEAR, KnownDate
from tpi_dhis2.domain.merge import Doc, merge
from tpi_dhis2.domain.numbers import difference, plain
from tpi_dhis2.domain.records import Cycle, Record
from tpi_dhis2.domain.uids import derive_uid, is_uid, next_generation

laws = settings(max_examples=150, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.shrink))

# UIDs

parts = st.text(st.characters(exclude_characters="\x1f", exclude_categories=("Cs",)), max_size=30)
keys = st.lists(parts, min_size=1, max_size=5).map(tuple)


@laws
@given(keys)
def test_every_key_gives_a_well_formed_uid_and_always_the_same(key: tuple[str, ...]) -> None:
    uid = derive_uid(*key)
    assert is_uid(uid)
    assert derive_uid(*key) == uid


@laws
@given(st.sets(keys, min_size=2, max_size=60))
def test_different_keys_give_different_uids(some: set[tuple[str, ...]]) -> None:
    assert len({derive_uid(*key) for key in some}) == len(some)


@laws
@given(keys)
def test_every_generation_of_a_key_has_a_uid_of_its_own(key: tuple[str, ...]) -> None:
    uids = [derive_uid(*key)]
    for _ in range(20):
        uids.append(next_generation(uids[-1]))
    assert len(set(uids)) == 21
    assert all(map(is_uid, uids))


def test_a_hundred_thousand_records_have_as_many_uids() -> None:
    uids = {derive_uid("record", "pair", str(cycle), "activity", str(no)) for cycle in range(100) for no in range(1000)}
    assert len(uids) == 100_000


# Dates


@laws
@given(st.dates(), st.sampled_from([DAY, MONTH, YEAR]))
def test_a_known_date_is_read_back_as_it_was_written(day: dt.date, known: str) -> None:
    written = str(KnownDate(day, known))
    read = KnownDate.parse(written)
    assert (str(read), read.known) == (written, known)
    assert read.first <= day <= read.last


@laws
@given(st.text(max_size=15))
def test_any_text_is_a_date_or_is_refused(text: str) -> None:
    try:
        found = KnownDate.parse(text)
    except ValueError:
        return
    assert found.first <= found.last


# Merging

docs = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["1", "2", "3"]), max_size=4)
bases = st.none() | docs


@laws
@given(docs, docs)
def test_a_side_that_changed_nothing_gives_way(base: Doc, other: Doc) -> None:
    assert merge(base, base, other).doc == merge(base, other, base).doc == other
    assert not merge(base, base, other).conflicts
    assert not merge(base, other, base).conflicts


@laws
@given(bases, docs)
def test_two_sides_that_agree_never_conflict(base: Doc | None, both: Doc) -> None:
    result = merge(base, both, both)
    assert (result.doc, result.conflicts) == (both, {})


@laws
@given(bases, docs, docs)
def test_which_side_is_ours_matters_only_where_they_conflict(base: Doc | None, one: Doc, other: Doc) -> None:
    there, back = merge(base, one, other), merge(base, other, one)
    assert {key: (theirs, ours) for key, (ours, theirs) in back.conflicts.items()} == there.conflicts
    undisputed = {*there.doc, *back.doc} - set(there.conflicts)
    assert all(there.doc.get(key) == back.doc.get(key) for key in undisputed)


@laws
@given(bases, docs, docs)
def test_no_value_is_invented_and_none_that_both_kept_is_lost(base: Doc | None, ours: Doc, theirs: Doc) -> None:
    result = merge(base, ours, theirs)
    for key, value in result.doc.items():
        assert value in (ours.get(key), theirs.get(key))
    assert all(result.doc.get(key) == value for key, value in ours.items() if theirs.get(key) == value)
    assert all(result.doc.get(key) == mine for key, (mine, _) in result.conflicts.items())


@laws
@given(bases, docs, docs)
def test_merging_again_what_was_merged_changes_nothing(base: Doc | None, ours: Doc, theirs: Doc) -> None:
    first = merge(base, ours, theirs)
    second = merge(theirs, first.doc, theirs)
    assert (second.doc, second.conflicts) == (first.doc, {})


@laws
@given(docs, docs)
def test_without_a_shared_state_everything_is_kept_and_every_difference_of_two_values_is_a_conflict(
    ours: Doc, theirs: Doc
) -> None:
    result = merge(None, ours, theirs)
    assert result == merge({}, ours, theirs)
    assert set(result.doc) == {*ours, *theirs}
    assert set(result.conflicts) == {key for key in {*ours} & {*theirs} if ours[key] != theirs[key]}


# Progress

numbers = st.integers(-1000, 1000).map(lambda number: number / 8)


@laws
@given(numbers, numbers, numbers)
def test_progress_is_positive_exactly_when_it_went_towards_the_target(start: float, now: float, goal: float) -> None:
    assume(start != goal)
    percent = measures.progress(start, now, goal)
    assert percent is not None
    assert (percent > 0) == ((now - start) * (goal - start) > 0)
    assert (percent == 0) == (now == start)
    assert (percent >= 100) == (now >= goal if goal > start else now <= goal)


@laws
@given(numbers, numbers, numbers)
def test_progress_is_the_same_whichever_way_is_better(start: float, now: float, goal: float) -> None:
    assume(start != goal)
    assert measures.progress(start, now, goal) == measures.progress(-start, -now, -goal)


# Results

days = st.dates(dt.date(2016, 1, 1), dt.date(2019, 12, 31))
measured = st.builds(
    lambda day, value, point, known, number: Record(
        f"m{number}",
        "measurement",
        {
            "measure": "HH_COMPL",
            **({"value": str(value)} if value is not None else {}),
            **({"point": point} if point else {}),
            **({"date_known": known} if known else {}),
        },
        day,
    ),
    days,
    st.none() | st.integers(0, 100),
    st.sampled_from(["BASELINE", "FOLLOW_UP", "LATER", None]),
    st.sampled_from([None, "DAY", "NOT_STATED"]),
    st.integers(0, 10**6),
)
targets = st.builds(
    lambda goal, due, base: Record(
        "t",
        "target",
        {
            "measure": "HH_COMPL",
            "long_target": str(goal),
            **({"long_due": due.isoformat()} if due else {}),
            **({"baseline_date": base.isoformat()} if base else {}),
        },
        dt.date(2016, 1, 1),
    ),
    st.integers(0, 100),
    st.none() | days,
    st.none() | days,
)


@laws
@given(targets, st.lists(measured, max_size=6), days)
def test_a_target_is_missed_only_after_its_date_and_with_a_follow_up_by_then(
    target: Record, found: list[Record], today: dt.date
) -> None:
    due = target.day("long_due")
    by_then = [
        each
        for each in found
        if due and each.date and each.date.first <= due and each.text("point") != "BASELINE" and each.text("value")
    ]
    result = measures.result(target, "long", found, today)
    assert result in ("MET", "NOT_MET", "NOT_YET_DUE", "NO_DATA")
    if result == "NOT_MET":
        assert due
        assert today > due
        assert by_then
    if due and not by_then:
        assert result == ("NOT_YET_DUE" if today <= due else "NO_DATA")


@laws
@given(targets, st.lists(measured, max_size=6), days, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_no_result(
    target: Record, found: list[Record], today: dt.date, shuffle: object
) -> None:
    assume(len({each.uid for each in found}) == len(found))
    mixed = list(found)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    cycles = [Cycle("c", dt.date(2016, 1, 1), records=(target, *some)) for some in (found, mixed)]
    assert calculate.of_record(target, cycles[0], today) == calculate.of_record(target, cycles[1], today)


# Scores

answers = st.dictionaries(st.sampled_from(sum(functioning.DOMAINS.values(), ())), st.integers(1, 4).map(str))


@laws
@given(answers)
def test_a_score_lies_between_the_lowest_and_the_highest_answer(values: dict[str, str]) -> None:
    record = Record("f", "functioning", values)
    given_numbers = [int(value) for value in values.values()]
    for score in (functioning.arm_score(record), *functioning.domain_scores(record).values()):
        assert score is None or min(given_numbers) <= score <= max(given_numbers)
    assert (functioning.arm_score(record) is None) == (len(functioning.domain_scores(record)) < 6)


@laws
@given(st.floats(-1e9, 1e9, allow_nan=False), st.integers(0, 4))
def test_a_number_written_plainly_is_that_number(number: float, decimals: int) -> None:
    text = plain(number, decimals)
    assert text is not None
    assert "e" not in text
    assert text != "-0"
    assert abs(float(text) - number) <= 0.5 * 10**-decimals + 1e-6


@laws
@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_a_difference_is_exact_in_decimals(one: int, other: int, decimals: int) -> None:
    scale = 10**decimals
    assert difference(one / scale, other / scale) == (one - other) / scale


@laws
@given(answers)
def test_the_score_of_an_arm_is_the_exact_mean_of_its_domains(values: dict[str, str]) -> None:
    found = [[Fraction(values[key]) for key in keys if key in values] for keys in functioning.DOMAINS.values()]
    means = [sum(each) / len(each) for each in found if len(each) >= 2]
    score = functioning.arm_score(Record("f", "functioning", values))
    assert score == (float(sum(means) / len(means)) if len(means) >= 6 else None)
