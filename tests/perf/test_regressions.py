"""How far a number may be from its baseline, as projects write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import BudgetError
from edgesense.perf import metrics, regressions

TIMES = ("latency_ms", "features_ms", "inference_ms")


def test_families_stand_for_their_limits():
    said = regressions.parse("latency:3%,instructions:0.5%,size:1%,rss:10%,acc:0.5pp")
    assert said == pytest.approx(
        dict.fromkeys(TIMES, 0.03)
        | {"instructions_m": 0.005, "size_kb": 0.01, "rss_mb": 0.1, "acc": 0.005, "acc_drop": 0.005}
    )


@pytest.mark.parametrize("said", ["latency:3%,features_ms:8%", "features_ms:8%,latency:3%"])
def test_a_limits_own_name_wins_over_its_family_in_either_order(said):
    assert regressions.parse(said) == {"latency_ms": 0.03, "inference_ms": 0.03, "features_ms": 0.08}


@pytest.mark.parametrize("said", ["acc:1pp,acc_drop:2pp", "acc_drop:2pp,acc:1pp"])
def test_acc_is_a_family_too(said):
    assert regressions.parse(said) == {"acc": 0.01, "acc_drop": 0.02}


def test_a_mapping_says_the_same_as_its_text():
    assert regressions.parse({"latency": "3 %", "acc": 0.005}) == regressions.parse(" latency : 3% , acc:.5pp")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("latncy:3%", "unknown limit 'latncy': did you mean latency[?]"),
        ("wombat:3%", "unknown limit 'wombat': allowed: acc, .*size_kb"),
        ("cold_start_ms:3%", "cold_start_ms is never compared with a baseline; allowed: "),
        ("latency_p90_ms:3%", "latency_p90_ms is never compared with a baseline"),
        ("latency=3%", "'latency=3%' is no name with an allowed change, as in latency:3%"),
        ("latency:3%,", "'' is no name with an allowed change"),
        ("", "'' is no name with an allowed change"),
        ("latency:3", "latency: '3' is no allowed change; .* as in latency:3%"),
        ("latency:-3%", "latency: '-3%' is no allowed change"),
        ("latency:nan%", "latency: 'nan%' is no allowed change"),
        ("latency:3pp", "latency:3pp cannot be meant: latency_ms is no share: give a percentage, as in latency:3%"),
        ("acc:3%", "acc:3% cannot be meant: acc is a share: give percentage points, as in acc:0.5pp"),
        ("size:1%,size:2%", "size is named twice in"),
        ({"size": 3}, "size=3: allowed: a number from 0 to 1 .*; did you mean '3%'[?]"),
        ({"acc": 2}, "did you mean '2pp'[?]"),
        ({"size": True}, "size=True: allowed: a number from 0 to 1"),
        ({"size": float("nan")}, "size=nan: allowed: a number from 0 to 1"),
        ({3: "1%"}, "allowed: text as in latency:3%"),
        (0.03, "0.03: allowed: text as in latency:3%,size:1%,acc:0.5pp, or a mapping of the same names"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(said, wrong):
    with pytest.raises(BudgetError, match=wrong):
        regressions.parse(said)


@pytest.mark.parametrize("name", ["latency", *TIMES])
def test_a_time_is_not_asked_to_be_told_finer_than_it_can_be(name):
    assert regressions.parse(f"{name}:0.5%")["latency_ms" if name == "latency" else name] == 0.005
    with pytest.raises(BudgetError, match=r"a change of 0\.0049 cannot be told from times; allowed: 0\.5% and more"):
        regressions.parse(f"{name}:0.49%")


def test_an_exact_number_may_be_held_to_no_change_at_all():
    assert regressions.parse("size:0%") == {"size_kb": 0.0}


def test_the_nearest_wins_limit_by_limit():
    merged = regressions.merge(["latency_ms:3%,size:1%", "latency:5%", {"inference_ms": "9%"}])
    assert merged == {"latency_ms": 0.05, "features_ms": 0.05, "inference_ms": 0.09, "size_kb": 0.01}


def test_none_goes_back_to_the_usual():
    assert regressions.merge(["latency:3%,size:1%", {"latency": None}]) == {"size_kb": 0.01}
    assert regressions.merge(["latency:3%,size:1%", None, "rss:20%"]) == {"rss_mb": 0.2}


def test_what_was_read_before_is_not_read_again():
    usual = regressions.merge(["latency:150%,size:1%"])
    assert usual["latency_ms"] == 1.5
    assert regressions.merge([], usual) == usual
    assert regressions.merge([{"size": "2%"}], usual) == usual | {"size_kb": 0.02}
    assert regressions.merge([None], usual) == {}


def test_each_word_means_limits_that_are_compared():
    for word, limits in regressions.words().items():
        assert limits, word
        assert all(metrics.find(name).tolerance or metrics.find(name).gated for name in limits)


@given(st.dictionaries(st.sampled_from(sorted(regressions.words())), st.floats(0.005, 1), max_size=5))
def test_numbers_are_kept_as_they_were_written(said):
    assert set(regressions.parse(said).values()) <= set(said.values())
