from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import InvalidInput
from edgesense.perf import gate, trials
from edgesense.perf.records import Paired
from edgesense.perf.trials import Kept, Trial
from edgesense.perf.verdicts import Outcome

RULE = gate.Rule()
SAME = Trial(Paired((0.002,) * 5, (0.002,) * 5), seconds=8.0, busy=0.1)
REGRESSED = Trial(Paired((0.002,) * 15, (0.0021,) * 15), slowdown=0.05, operations=40, seconds=20.0)
KEPT = Kept({"pipeline": "mine"}, (SAME, REGRESSED))

# Clopper and Pearson, one-sided, as R's qbeta(0.95, events + 1, trials - events) gives them.
BOUNDS = [(0, 20, 0.1391), (0, 300, 0.00994), (0, 600, 0.00498), (1, 20, 0.2161), (3, 20, 0.3437), (20, 20, 1.0)]


@pytest.mark.parametrize(("events", "count", "bound"), BOUNDS)
def test_the_upper_bound_of_a_share_is_clopper_and_pearsons(events: int, count: int, bound: float) -> None:
    assert trials.upper_bound(events, count) == pytest.approx(bound, abs=6e-5)


@given(st.integers(1, 400), st.data())
def test_the_bound_is_no_smaller_than_the_share_and_grows_with_events(count: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, count - 1))
    assert events / count <= trials.upper_bound(events, count) < trials.upper_bound(events + 1, count) + 1e-12


@pytest.mark.parametrize(("events", "count"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_share_has_no_bound(events: int, count: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        trials.upper_bound(events, count)


def test_gates_are_counted_by_outcome_and_stage() -> None:
    found = trials.tally([SAME, SAME, REGRESSED], RULE)
    assert dict(found.outcomes) == {Outcome.SAME: 2, Outcome.REGRESSED: 1}
    assert (found.gates, found.regressed, found.second, found.seconds) == (3, 1, 1, 8.0)


def test_the_bounds_of_a_tally_enclose_what_was_seen() -> None:
    found = trials.tally([SAME, SAME, REGRESSED], RULE)
    assert found.at_least < 1 / 3 < found.at_most
    assert trials.tally([REGRESSED] * 20, RULE).at_least == pytest.approx(1 - 0.1391, abs=1e-4)


def test_the_slowdown_that_was_measured_is_the_median_of_first_stage_pairs() -> None:
    late = Trial(Paired((0.002,) * 15, (0.0021,) * 5 + (0.004,) * 10))
    assert trials.tally([late], RULE).change == pytest.approx((0.05, 0.05, 0.05))


def test_no_gates_are_an_empty_tally() -> None:
    assert trials.tally([], RULE).gates == 0


def test_gates_are_read_back_as_they_were_kept() -> None:
    assert trials.load(trials.dump(KEPT), "gates.jsonl", RULE) == KEPT


def test_each_gate_is_a_line_of_json() -> None:
    assert [next(iter(json.loads(line))) for line in trials.dump(KEPT).splitlines()] == ["schema", "paired", "paired"]


HEAD = '{"schema": 1, "gates_of": {}}\n'
DAMAGED = [
    ("", "x holds no gates of `edgesense doctor`"),
    ("[1]\n", "x holds no gates"),
    ("not json\n", "x holds no gates"),
    ('{"schema": 2, "gates_of": {}}\n', "x is of schema 2; this release reads 1"),
    (HEAD + "nonsense\n", "x, line 2, is no gate"),
    (HEAD + "[]\n", "x, line 2, is no gate"),
    (HEAD + '{"paired": {"baseline": [1], "candidate": [1], "discarded": 0}, "colour": 1}\n', "x, line 2, is no gate"),
    (HEAD + '{"paired": {"baseline": [1, 1], "candidate": [1], "discarded": 0}}\n', "x, line 2, is no gate"),
    (HEAD + '{"paired": {"baseline": [0], "candidate": [1], "discarded": 0}}\n', "x, line 2, is no gate"),
    (HEAD + '{"paired": {"baseline": [1], "candidate": [1], "discarded": 0}}\n', "x, line 2, is a gate that lacks 4"),
]


@pytest.mark.parametrize(("text", "said"), DAMAGED)
def test_what_is_no_file_of_finished_gates_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        trials.load(text, "x", RULE)
