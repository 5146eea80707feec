from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report import difference
from edgesense.report.difference import TIMES, Rank
from edgesense.report.records import Evidence, Result, RunRecord, Setting


def run(
    limit: str, value: float | None, *, known: Known = Known.EXACT, fails: bool = False, cpu: str = "x"
) -> RunRecord:
    reading = None if value is None else Reading(value, value, value, known)
    finding = Finding(limit, None, reading, Outcome.OVER if fails else Outcome.MET, Outcome.NO_BASELINE)
    evidence = Evidence(measured=Setting({}, {"cpu": cpu, "sysroot": cpu, "architecture": cpu, "python": cpu}))
    failing = (limit,) if fails else ()
    return RunRecord((Result("t", "t", "d", Verdict("t", "d", (finding,)), failing=failing, evidence=evidence),))


def ranks(first: RunRecord, second: RunRecord) -> list[Rank]:
    return [one.rank for one in difference.between(first, second)]


@pytest.mark.parametrize(
    ("limit", "before", "after", "rank"),
    [
        ("size_kb", 1000.0, 1010.0, Rank.SAME),
        ("size_kb", 1000.0, 1011.0, Rank.WORSE),
        ("size_kb", 1000.0, 900.0, Rank.BETTER),
        ("acc", 0.80, 0.90, Rank.BETTER),
        ("acc", 0.90, 0.80, Rank.WORSE),
        ("size_kb", None, 1000.0, Rank.NEW),
        ("size_kb", 1000.0, None, Rank.GONE),
    ],
)
def test_a_change_is_worse_only_beyond_what_a_baseline_allows(
    limit: str, before: float | None, after: float | None, rank: Rank
) -> None:
    assert ranks(run(limit, before), run(limit, after)) == [rank]


def test_times_of_two_runs_are_shown_and_never_judged() -> None:
    first, second = (run("latency_ms", seconds, known=Known.MEASURED) for seconds in (0.010, 0.100))
    (only,) = difference.between(first, second)
    assert (only.rank, only.why) == (Rank.APART, TIMES)
    assert (only.before, only.after, only.change) == ("10.0 ms", "100 ms", "+900.00 %")


def test_two_kinds_of_knowing_are_never_held_against_one_another() -> None:
    (only,) = difference.between(run("acc", 0.8, known=Known.STAND_IN), run("acc", 0.5))
    assert (only.rank, only.why) == (Rank.APART, "one was stand-in, the other is exact")


def test_numbers_made_elsewhere_say_what_differs() -> None:
    (only,) = difference.between(
        run("instructions_m", 1e6, known=Known.COUNTED), run("instructions_m", 2e6, known=Known.COUNTED, cpu="y")
    )
    assert only.rank is Rank.APART
    assert "was x, is y" in only.why


def test_what_fails_now_comes_before_everything_else() -> None:
    first = RunRecord(run("size_kb", 1000.0).results + tuple(map(renamed, run("size_kb", 1000.0).results)))
    second = RunRecord(run("size_kb", 2000.0).results + tuple(map(renamed, run("size_kb", 1001.0, fails=True).results)))
    assert ranks(first, second) == [Rank.FAILS_NOW, Rank.WORSE]
    assert ranks(second, first) == [Rank.BETTER, Rank.PASSES_NOW]


def renamed(result: Result) -> Result:
    return replace(result, test="u")


@given(st.floats(1, 1e9), st.floats(1, 1e9))
def test_what_is_worse_one_way_is_better_the_other(first: float, second: float) -> None:
    (there,), (back,) = (
        ranks(run("size_kb", one), run("size_kb", other)) for one, other in ((first, second), (second, first))
    )
    if there is Rank.WORSE:
        assert back in {Rank.BETTER, Rank.SAME}
    if there is Rank.BETTER:
        assert back in {Rank.WORSE, Rank.SAME}
