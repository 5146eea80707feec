from __future__ import annotations

import itertools
import threading
import time
import weakref

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from edgesense.parallel import AHEAD, in_order


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("edgesense")]


@settings(deadline=None)
@given(st.lists(st.integers(0, 3)), st.integers(1, 4))
def test_results_come_in_the_order_of_the_items_however_long_each_takes(items, workers):
    def slow(item):
        time.sleep(item / 2000)
        return item + 100

    assert list(in_order([slow] * workers, items)) == [item + 100 for item in items]
    assert threads() == []


def test_no_function_is_called_by_two_threads_at_once():
    def make():
        free = threading.Lock()

        def function(item):
            assert free.acquire(blocking=False)
            time.sleep(0.001)
            free.release()
            return item

        return function

    assert list(in_order([make() for _ in range(3)], range(60))) == list(range(60))


def test_functions_are_called_at_the_same_time():
    both = threading.Barrier(2, timeout=30)
    assert len(list(in_order([lambda _: both.wait()] * 2, range(8)))) == 8


def test_an_endless_stream_is_taken_no_farther_than_is_needed():
    taken = itertools.count()
    answers = in_order([lambda item: item] * 3, taken)
    assert [next(answers) for _ in range(10)] == list(range(10))
    answers.close()
    assert next(taken) <= 10 + AHEAD * 3


class Item:
    """Something that can be looked after."""


def test_no_more_items_are_held_than_are_taken_ahead():
    alive = weakref.WeakSet()
    most = 0

    def stream():
        nonlocal most
        for _ in range(50):
            item = Item()
            alive.add(item)
            most = max(most, len(alive))
            yield item
            del item

    assert sum(1 for _ in in_order([lambda _: None] * 2, stream())) == 50
    assert most <= AHEAD * 2 + 2


def test_nothing_is_taken_before_the_first_result_is_wanted():
    taken = itertools.count()
    in_order([lambda item: item], taken)
    assert next(taken) == 0
    assert threads() == []


def test_an_error_of_one_item_comes_behind_the_results_before_it():
    answers = in_order([lambda item: 1 / item] * 2, [1, 2, 0, 4])
    assert [next(answers), next(answers)] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(answers)
    assert list(answers) == []
    assert threads() == []


def test_an_error_of_the_stream_comes_behind_the_results_before_it():
    def stream():
        yield from (1, 2, 3)
        raise OSError("the disk is gone")

    answers = in_order([lambda item: item] * 2, stream())
    assert [next(answers) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(OSError, match="the disk is gone"):
        next(answers)
    assert threads() == []


def test_closing_early_stops_the_threads_and_begins_nothing_that_waits():
    begun = []

    def function(item):
        begun.append(item)
        return item

    answers = in_order([function] * 2, itertools.count())
    next(answers)
    answers.close()
    assert threads() == []
    seen = len(begun)
    time.sleep(0.01)
    assert len(begun) == seen


def test_an_interrupt_while_an_item_is_taken_is_not_put_off():
    def stream():
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(in_order([lambda item: item], stream()))
    assert threads() == []
