from __future__ import annotations

import pickle

import pytest

from edgesense.perf.verdicts import Finding, Outcome


def test_each_outcome_has_a_letter_of_its_own() -> None:
    assert "".join(outcome.letter for outcome in Outcome) == ".O?=+~Rn/-"
    assert len({outcome.letter for outcome in Outcome}) == len(Outcome)


@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.name)
def test_an_outcome_is_found_again_by_its_word_and_crosses_processes(outcome: Outcome) -> None:
    assert Outcome(outcome.word) is outcome
    assert pickle.loads(pickle.dumps(outcome)) is outcome  # noqa: S301 - its own bytes


def test_a_time_that_got_better_is_faster_and_another_number_better() -> None:
    better = Outcome.BETTER
    assert Finding("latency_ms", None, None, None, better, change=(-0.1, -0.12, -0.09)).word == "FASTER"
    assert Finding("size_kb", None, None, None, better).word == "BETTER"
    assert Finding("latency_ms", None, None, None, Outcome.SAME, change=(0.0, 0.0, 0.0)).word == "SAME"
