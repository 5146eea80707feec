from __future__ import annotations

from dataclasses import replace

import pytest

from edgesense.errors import BaselineError
from edgesense.perf import metrics
from edgesense.perf.compare import beside, compare, unsteadiness
from edgesense.perf.judge import judge
from edgesense.perf.records import Baseline, Known, Labelled, Measurement, Missing, Paired, Reading
from edgesense.perf.verdicts import Finding, Outcome

BASELINE = Baseline("t", "host", {}, {}, {})
DAMAGED = BaselineError("x.json is damaged: restore it from version control")
TIME = Reading(0.001751, 0.00175, 0.00176, Known.MEASURED, n=100)
AGAINST = "commit 1a2b3c4"


def paired(*candidate: float, old: float = 0.001667, discarded: int = 0) -> Paired:
    return Paired((old,) * len(candidate), candidate, discarded, AGAINST)


def slower(*shares: float) -> Paired:
    return paired(*(0.001667 * (1 + share) for share in shares))


UNCHANGED = slower(*[0.001] * 5)
FASTER = slower(*[-0.04] * 5)
DRIFTED = slower(*[0.02] * 15)
REGRESSED = slower(*(0.047 + 0.0005 * pair for pair in range(15)))
UNCONFIRMED = slower(*[0.05] * 5, *[0.0] * 10)
NOISY = slower(*[0.05, 0.15] * 7, 0.1)


def one(
    given: Paired | None,
    *,
    baseline: Baseline | BaselineError | None = BASELINE,
    allowed: float | None = None,
    reading: Reading | None = TIME,
) -> Finding:
    """Judge a latency that was measured beside its baseline's, without a limit of its own."""
    measurement = Measurement(
        "host",
        {},
        {},
        {} if reading is None else {"latency_ms": reading},
        {"latency_ms": Missing("the worker hung")} if reading is None else {},
        paired={} if given is None else {"latency_ms": given},
    )
    changes = {} if allowed is None else {"latency_ms": allowed}
    (finding,) = judge("t", {}, measurement, baseline, allowed=changes).findings
    return finding


def numbers(now: str, change: str, interval: str, count: str) -> str:
    return f"1.667 -> {now}  {change} (limit +3 %; {interval}; {count} pairs slower) beside {AGAINST}"


SAID: list[tuple[str, Paired, Outcome, tuple[str, ...]]] = [
    ("unchanged", UNCHANGED, Outcome.SAME, ()),
    (
        "not confirmed",
        UNCONFIRMED,
        Outcome.SAME,
        ("5 pairs looked slower; 10 new ones did not confirm it",),
    ),
    (
        "faster",
        FASTER,
        Outcome.BETTER,
        (numbers("1.600 ms", "-4.0 %", "-4.0..-4.0 %", "0 of 5"),),
    ),
    (
        "drifted",
        DRIFTED,
        Outcome.DRIFT,
        (
            numbers("1.700 ms", "+2.0 %", "+2.0..+2.0 %", "15 of 15"),
            "+2.0 % in the 10 new pairs, where 3 % is allowed",
        ),
    ),
    (
        "regressed",
        REGRESSED,
        Outcome.REGRESSED,
        (numbers("1.751 ms", "+5.0 %", "+4.8..+5.3 %", "15 of 15"),),
    ),
    (
        "too noisy",
        NOISY,
        Outcome.INCONCLUSIVE,
        (
            numbers("1.834 ms", "+10.0 %", "+5.0..+15.0 %", "15 of 15"),
            "the pairs spread by 6.8 %: too far apart to tell a change of 3 %",
        ),
    ),
    (
        "not enough pairs",
        slower(0.0, 0.0),
        Outcome.INCONCLUSIVE,
        (
            numbers("1.667 ms", "+0.0 %", "+0.0..+0.0 %", "0 of 2"),
            "2 pairs measured, 3 more are needed",
        ),
    ),
    (
        "all pairs discarded",
        Paired(discarded=5, against=AGAINST, notes=("the worker was ended by SIGKILL",)),
        Outcome.INCONCLUSIVE,
        ("5 of 5 pairs had to be discarded", "the worker was ended by SIGKILL"),
    ),
    ("no baseline", Paired(absent="no baseline"), Outcome.NO_BASELINE, ("no baseline",)),
    (
        "refused",
        Paired(refused="the model of commit 1a2b3c4 is not in its tree"),
        Outcome.NOT_COMPARABLE,
        ("the model of commit 1a2b3c4 is not in its tree",),
    ),
    ("never", Paired(never="it cannot run again"), Outcome.NOT_COMPARED, ("not compared: it cannot run again",)),
    ("nothing at all", Paired(), Outcome.INCONCLUSIVE, ("no pair was measured",)),
]


@pytest.mark.parametrize(("given", "outcome", "why"), [one[1:] for one in SAID], ids=[one[0] for one in SAID])
def test_a_time_beside_its_baselines_is_judged_and_said(given: Paired, outcome: Outcome, why: tuple[str, ...]) -> None:
    finding = one(given)
    assert finding.regression is outcome
    assert finding.why == why


def test_a_time_that_got_better_is_called_faster() -> None:
    assert one(FASTER).word == "FASTER"


def test_the_change_and_the_baselines_time_are_kept_as_numbers() -> None:
    finding = one(REGRESSED)
    assert finding.before == 0.001667
    assert finding.change == pytest.approx((0.0505, 0.048, 0.053))


@pytest.mark.parametrize("given", [Paired(absent="no baseline"), Paired(refused="no git"), Paired(discarded=5)])
def test_without_a_pair_there_is_no_change_and_no_time_before(given: Paired) -> None:
    finding = one(given)
    assert (finding.before, finding.change) == (None, None)


def test_a_change_close_to_what_is_allowed_has_the_digits_that_tell_them_apart() -> None:
    assert "  +3.02 % (limit +3 %; +3.02..+3.02 %" in one(slower(*[0.0302] * 15)).why[0]
    assert "  +3.004 % (limit +3 %; " in one(slower(*[0.03004] * 15)).why[0]


def test_times_that_are_close_have_the_digits_that_tell_them_apart() -> None:
    close = paired(*[0.00166704] * 2)
    assert one(close).why[0].startswith("1.66700 -> 1.66704 ms  ")


def test_code_that_is_not_covered_is_said_whatever_the_outcome() -> None:
    for given in (UNCHANGED, REGRESSED):
        finding = one(replace(given, uncovered="this is a shallow clone"))
        assert finding.why[-1] == "code changes not covered: this is a shallow clone"


def test_notes_come_after_the_reasons() -> None:
    finding = one(replace(DRIFTED, notes=("other work kept 0.4 cores busy meanwhile",)))
    assert finding.why[-1] == "other work kept 0.4 cores busy meanwhile"


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (UNCHANGED, ""),
        (DRIFTED, ""),
        (FASTER, ""),
        (REGRESSED, "if this is meant, accept it: pytest --update-baselines"),
        (NOISY, "measure again on a quieter computer"),
        (Paired(absent="no baseline"), "store one: pytest --update-baselines"),
        (Paired(refused="no git"), ""),
    ],
)
def test_the_next_step_is_said_where_there_is_one(given: Paired, remedy: str) -> None:
    assert one(given).remedy == remedy


def test_what_is_allowed_is_the_limit_of_the_gate() -> None:
    assert one(REGRESSED, allowed=0.06).regression is Outcome.DRIFT
    assert one(REGRESSED, allowed=0.12).regression is Outcome.SAME
    finding = one(DRIFTED, allowed=0.015)
    assert finding.regression is Outcome.REGRESSED
    assert "(limit +1.5 %; " in finding.why[0]


@pytest.mark.parametrize("given", [Paired(absent="no baseline"), Paired(refused="no git"), Paired()])
def test_a_damaged_baseline_leaves_open_what_was_not_measured(given: Paired) -> None:
    finding = one(given, baseline=DAMAGED)
    assert (finding.regression, finding.why) == (Outcome.INCONCLUSIVE, (str(DAMAGED),))


def test_a_damaged_baseline_changes_nothing_for_what_is_never_compared() -> None:
    assert one(Paired(never="it cannot run again"), baseline=DAMAGED).regression is Outcome.NOT_COMPARED


def test_pairs_that_were_measured_against_something_else_decide_although_the_baseline_is_damaged() -> None:
    assert one(REGRESSED, baseline=DAMAGED).regression is Outcome.REGRESSED
    assert one(REGRESSED, baseline=None).regression is Outcome.REGRESSED


def test_a_time_without_pairs_is_not_compared() -> None:
    assert one(None).regression is Outcome.NOT_COMPARED


def test_pairs_are_judged_although_the_number_itself_is_missing() -> None:
    finding = one(REGRESSED, reading=None)
    assert finding.regression is Outcome.REGRESSED
    assert finding.why[0] == "the worker hung"
    assert "1.667 -> 1.751 ms" in finding.why[1]


FAILING = [
    (REGRESSED, True, True),
    (NOISY, False, True),
    (Paired(absent="no baseline"), False, True),
    (Paired(refused="no git"), False, False),
    (Paired(never="it cannot run again"), False, False),
    (DRIFTED, False, False),
    (FASTER, False, False),
    (UNCHANGED, False, False),
]


@pytest.mark.parametrize(("given", "usually", "strict"), FAILING)
def test_a_slowdown_fails_always_and_what_is_open_where_it_is_strict(
    given: Paired, usually: bool, strict: bool
) -> None:
    measurement = Measurement("host", {}, {}, {"latency_ms": TIME}, paired={"latency_ms": given})
    found = [judge("t", {}, measurement, BASELINE, strict=one).failed for one in (False, True)]
    assert found == [usually, strict]


def test_beside_and_judge_say_the_same() -> None:
    outcome, why, before, change = beside(REGRESSED, BASELINE, None)
    finding = one(REGRESSED)
    assert (finding.regression, finding.why, finding.before, finding.change) == (outcome, why, before, change)


def stored(limit: str, before: Reading, now: Reading, allowed: float | None) -> tuple[Outcome, tuple[str, ...]]:
    measurement = Measurement("host", {}, {}, {limit: now})
    return compare(metrics.find(limit), now, measurement, Baseline("t", "host", {}, {}, {limit: before}), allowed)


def exact(value: float, known: Known = Known.EXACT) -> Reading:
    return Reading(value, value, value, known)


ALLOWED = [
    ("size_kb", Known.EXACT, 1e6, 1.02e6, 0.01, 0.02, "+2.00 % (limit +1 %)"),
    ("instructions_m", Known.COUNTED, 1e7, 1.02e7, 0.005, 0.02, "+2.00 % (limit +0.5 %)"),
    ("rss_mb", Known.MEASURED, 1e9, 1.2e9, 0.1, 0.2, "+20.00 % (limit +10 % or 2.00 MiB)"),
    ("acc", Known.EXACT, 0.9, 0.88, 0.005, 0.02, "-2.00 pp (limit -0.5 pp)"),
    ("acc_drop", Known.EXACT, 0.01, 0.03, 0.005, 0.02, "+2.00 pp (limit +0.5 pp)"),
]


@pytest.mark.parametrize("case", ALLOWED, ids=[one[0] for one in ALLOWED])
def test_what_is_allowed_is_a_share_of_the_baseline_or_points_where_the_limit_is_a_share(
    case: tuple[str, Known, float, float, float, float, str],
) -> None:
    limit, known, before, now, usual, wider, said = case
    first, second = exact(before, known), exact(now, known)
    assert stored(limit, first, second, None) == stored(limit, first, second, usual)
    outcome, (why, *_) = stored(limit, first, second, usual)
    assert outcome is Outcome.REGRESSED
    assert said in why
    assert stored(limit, first, second, wider)[0] is Outcome.SAME


def test_growth_close_to_what_is_allowed_has_the_digits_that_tell_them_apart() -> None:
    _, (why,) = stored("size_kb", exact(1e6), exact(1.01001e6), None)
    assert "  +1.001 % (limit +1 %)" in why


def test_a_baseline_of_an_earlier_release_is_compared_as_before() -> None:
    old = Baseline("t", "host", {}, {}, {"size_kb": exact(100)}, origin=None)
    measurement = Measurement("host", {}, {}, {"size_kb": exact(200)})
    assert compare(metrics.find("size_kb"), exact(200), measurement, old)[0] is Outcome.REGRESSED


BOARD = {"board": "pi4", "board_cpu": "cortex-a72 0f1e", "sysroot": "6029c6b3c189", "board_runtime": "litert 2.3.0"}


@pytest.mark.parametrize(
    ("key", "new"),
    [("board", "pi5"), ("board_cpu", "cortex-a72 2d3c"), ("sysroot", "0c1d"), ("board_runtime", "litert 2.4.0")],
)
@pytest.mark.parametrize("count", [5e6, 2e7], ids=["fewer", "more"])
def test_counts_of_another_cpu_sysroot_or_runtime_are_not_comparable_and_the_difference_is_said(
    key: str, new: str, count: float
) -> None:
    before, now = exact(1e7, Known.COUNTED), exact(count, Known.COUNTED)
    measurement = Measurement("pi", BOARD | {key: new}, {}, {"instructions_m": now})
    baseline = Baseline("t", "pi", BOARD, {}, {"instructions_m": before})
    verdict = judge("t", {}, measurement, baseline, strict=True)
    assert verdict.findings[0].regression is Outcome.NOT_COMPARABLE
    assert verdict.findings[0].why == (f"{key} was {BOARD[key]}, is {new}",)
    assert not verdict.failed


def test_a_baseline_of_a_release_that_did_not_write_the_boards_cpu_down_is_compared_as_before() -> None:
    older = {key: value for key, value in BOARD.items() if key != "board_cpu"}
    measurement = Measurement("pi", BOARD, {}, {"instructions_m": exact(2e7, Known.COUNTED)})
    baseline = Baseline("t", "pi", older, {}, {"instructions_m": exact(1e7, Known.COUNTED)})
    assert judge("t", {}, measurement, baseline).findings[0].regression is Outcome.REGRESSED


@pytest.mark.parametrize("key", ["cpu", "os", "python", "numpy", "runtime", "cores"])
def test_the_computer_that_emulates_a_board_does_not_change_its_counts(key: str) -> None:
    now = exact(1.02e7, Known.COUNTED)
    measurement = Measurement("pi", BOARD | {key: "new"}, {}, {"instructions_m": now})
    baseline = Baseline("t", "pi", BOARD | {key: "old"}, {}, {"instructions_m": exact(1e7, Known.COUNTED)})
    assert judge("t", {}, measurement, baseline).findings[0].regression is Outcome.REGRESSED


def test_a_stage_with_a_percent_more_instructions_is_a_regression_that_names_it() -> None:
    before = Reading(1.92e8, 1.92e8, 1.92e8, Known.COUNTED, parts={"features": 1.9e7, "inference": 1.73e8})
    now = replace(before, value=1.9219e8, parts={"features": 1.919e7, "inference": 1.73e8})
    outcome, why = stored("instructions_m", before, now, None)
    assert outcome is Outcome.REGRESSED
    assert why == ("19.00 -> 19.19 M in features  +1.00 % (limit +0.5 %)",)


def answers(*unsteady: int, reference: tuple[int, ...] = (), value: float = 0.9) -> Reading:
    labelled = Labelled("a", "1" * 90 + "0" * 10, "1" * 100, unsteady, reference)
    return Reading(value, value, value, Known.EXACT, n=100, labelled=labelled)


UNSTEADY = (
    "the pipeline answers clips 5 9 differently when asked again: it is not deterministic, "
    "so accuracy cannot be compared"
)


@pytest.mark.parametrize("before", [answers(), None], ids=["a baseline", "none"])
@pytest.mark.parametrize("bound", [0.5, 0.99, None])
def test_an_accuracy_that_is_not_deterministic_is_inconclusive_in_both_results(
    before: Reading | None, bound: float | None
) -> None:
    baseline = None if before is None else Baseline("t", "host", {}, {}, {"acc": before})
    bounds = {} if bound is None else {"acc": bound}
    (finding,) = judge("t", bounds, Measurement("host", {}, {}, {"acc": answers(5, 9)}), baseline).findings
    assert finding.regression is Outcome.INCONCLUSIVE
    assert finding.budget is (None if bound is None else Outcome.INCONCLUSIVE)
    assert finding.why == (UNSTEADY,)
    assert "reset what the model keeps" in finding.remedy


def test_a_drop_from_a_reference_that_is_not_deterministic_is_inconclusive_and_the_accuracy_itself_is_not() -> None:
    drop = answers(reference=(7,), value=0.1)
    outcome, (why,) = stored("acc_drop", answers(value=0.1), drop, None)
    assert outcome is Outcome.INCONCLUSIVE
    assert why.startswith("the reference pipeline answers clip 7 differently when asked again")
    assert unsteadiness(answers()) == ""
    assert unsteadiness(exact(0.9)) == ""
