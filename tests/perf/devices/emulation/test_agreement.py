from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.devices.emulation import agreement
from edgesense.perf.devices.emulation.agreement import Agreement


class Signs:
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def labelled(self) -> list[tuple[Any, str]]:
        return [(item, "") for item in self.items]

    def run(self, item: Any) -> str:
        return "up" if float(np.sum(item)) > 0 else "down"


def test_the_board_answers_the_very_items_that_this_computer_answered(tmp_path: Path) -> None:
    items = [np.float32([1, 2]), np.float32([-1, 0]), np.float32([3, 0, 1])]
    options = {"clips": 2, "items": str(tmp_path / "items.npz")}
    here = agreement.sample(Signs(items), options)["facts"]["answers"]
    shares = [
        agreement.replay(Signs([]), {**options, "share": share, "shares": 2})["facts"]["answers"] for share in (0, 1)
    ]
    assert here == metrics.interleave(shares) == ["up", "down"]


@given(st.lists(st.text(max_size=2), max_size=20), st.integers(1, 5))
def test_shares_come_together_in_the_order_of_the_items(answers: list[str], shares: int) -> None:
    assert metrics.interleave([answers[share::shares] for share in range(shares)]) == answers


def test_items_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="no arrays"):
        agreement.sample(Signs([object()]), {"clips": 5, "items": str(tmp_path / "items.npz")})


@pytest.mark.parametrize(("same", "of", "holds"), [(99, 100, True), (98, 100, False), (100, 100, True), (0, 0, False)])
def test_it_holds_from_ninety_nine_in_a_hundred(same: int, of: int, holds: bool) -> None:
    assert Agreement(same, of).holds is holds


def test_it_says_how_many_agree() -> None:
    assert str(Agreement(99, 100)).startswith("99 of 100 clips")


@given(st.lists(st.sampled_from("ab"), max_size=20))
def test_equal_answers_agree_wholly(answers: list[str]) -> None:
    assert agreement.compare(answers, list(answers)) == Agreement(len(answers), len(answers))


def test_a_board_that_answered_fewer_clips_is_not_compared() -> None:
    with pytest.raises(NotMeasured, match="answered 1 of 2 clips"):
        agreement.compare(["a", "b"], ["a"])


def test_a_result_is_remembered_for_the_same_key_only() -> None:
    agreement.remember({"model": "a"}, Agreement(5, 6))
    assert agreement.cached({"model": "a"}) == Agreement(5, 6)
    assert agreement.cached({"model": "b"}) is None


def test_a_damaged_memory_is_forgotten(own_cache: Path) -> None:
    agreement.remember({"model": "a"}, Agreement(5, 6))
    next((own_cache / "agreement").iterdir()).write_text("[]")
    assert agreement.cached({"model": "a"}) is None
