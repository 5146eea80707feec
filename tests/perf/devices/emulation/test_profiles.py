from __future__ import annotations

import pytest

from edgesense.perf import threads
from edgesense.perf.devices.emulation import lock, profiles
from edgesense.runtime import operators


def test_the_boards_are_found_by_device_and_profile() -> None:
    assert {one.said.device: one.name for one in profiles.emulated()} == {
        "pi": "pi4",
        "pi5": "pi5",
        "zero2w": "zero2w",
        "pi3": "pi3",
    }


@pytest.mark.parametrize("one", profiles.emulated(), ids=lambda one: one.name)
def test_a_board_says_how_many_threads_it_has_for_whom(one: profiles.Profile) -> None:
    told = one.board.threads
    assert told.runtime_threads == 1
    assert dict(told.variables).keys() == {*threads.COUNTS, *threads.POLICIES}
    assert {dict(told.variables)[name] for name in threads.COUNTS} == {str(told.runtime_threads)}


def test_a_clock_is_a_range_in_order() -> None:
    for one in profiles.emulated():
        low, typical, high = one.clock_hz
        assert 1e9 <= low <= typical <= high <= 3e9


@pytest.mark.parametrize("one", profiles.emulated(), ids=lambda one: one.name)
def test_a_board_says_the_versions_that_the_sysroot_has_and_the_operators_are_known_of(one: profiles.Profile) -> None:
    pinned = lock.load()
    assert one.said.value("runtime") == f"litert {pinned.version('ai-edge-litert')}"
    assert one.said.value("runtime") == operators.support("litert").release
    assert one.said.value("numpy") == pinned.version("numpy")
