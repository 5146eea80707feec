from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import AudioError, SettingsError
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.features.cache import CachedFrontEnd, CacheStats, FeatureCache

SETTINGS = FeatureSettings(seconds=0.1, n_fft=256, hop_length=80, n_mels=20, blocks=("logmel",))
MIB = 2**20
KIB = 2**10


def noise(seed=0, count=SETTINGS.samples):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, count).astype(np.float32)


def array(kib=1, value=0.0):
    return np.full(kib * 256, value, np.float32)


class Counting:
    """A front end that counts its calls."""

    def __init__(self, settings=SETTINGS):
        self.settings = settings
        self.calls = 0
        self._front_end = FrontEnd(settings)

    def __call__(self, samples):
        self.calls += 1
        return self._front_end(samples)


def test_the_same_samples_are_computed_once_and_give_the_same_numbers():
    counting, cache = Counting(), FeatureCache(MIB)
    cached = CachedFrontEnd(counting, cache)
    first, second = cached(noise()), cached(noise())
    assert counting.calls == 1
    assert np.array_equal(first, FrontEnd(SETTINGS)(noise()))
    assert np.array_equal(first, second)
    assert (cache.stats.hits, cache.stats.misses, cache.stats.hit_rate) == (1, 1, 0.5)


def test_other_samples_are_other_features():
    cached = CachedFrontEnd(FrontEnd(SETTINGS), FeatureCache(MIB))
    changed = noise()
    changed[-1] += np.float32(1e-6)
    for samples in (noise(), changed, noise(1)):
        assert np.array_equal(cached(samples), FrontEnd(SETTINGS)(samples))


@pytest.mark.parametrize(
    "changes",
    [
        {"level_dbfs": -20.0},
        {"top_db": 6.0},
        {"fmax": 7000.0},
        {"column_mean": (1.0,) * 20},
        {"column_std": (2.0,) * 20},
    ],
)
def test_one_cache_keeps_the_features_of_several_settings_apart(changes):
    other, cache = dataclasses.replace(SETTINGS, **changes), FeatureCache(MIB)
    first = CachedFrontEnd(FrontEnd(SETTINGS), cache)(noise())
    second = CachedFrontEnd(FrontEnd(other), cache)(noise())
    assert cache.stats.misses == 2
    assert np.array_equal(second, FrontEnd(other)(noise()))
    assert not np.array_equal(first, second)


def test_front_ends_of_equal_settings_share_what_is_kept():
    cache = FeatureCache(MIB)
    for _ in range(3):
        CachedFrontEnd(FrontEnd(dataclasses.replace(SETTINGS)), cache)(noise())
    assert (cache.stats.hits, cache.stats.misses, cache.stats.entries) == (2, 1, 1)


def test_samples_that_lie_apart_in_memory_are_the_same_samples():
    cached = CachedFrontEnd(FrontEnd(SETTINGS), FeatureCache(MIB))
    spread = np.zeros(2 * SETTINGS.samples, np.float32)
    spread[::2] = noise()
    assert cached.key(spread[::2]) == cached.key(noise())
    assert cached.key(noise()) != cached.key(noise().astype(np.float64))


def test_what_is_returned_cannot_damage_what_is_kept():
    cached = CachedFrontEnd(FrontEnd(SETTINGS), FeatureCache(MIB))
    for found in (cached(noise()), cached(noise())):
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 0.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            found.flags.writeable = True


def test_the_least_recently_used_go_first():
    cache = FeatureCache(3 * KIB)
    for key in (b"a", b"b", b"c"):
        cache.get(key, array)
    cache.get(b"a", array)
    cache.get(b"d", array)
    assert cache.stats == CacheStats(hits=1, misses=4, evicted=1, entries=3, kept_bytes=3 * KIB, max_bytes=3 * KIB)
    cache.get(b"b", array)
    assert cache.stats.misses == 5
    cache.get(b"a", array)
    assert cache.stats.hits == 2


@pytest.mark.parametrize(("kib", "kept"), [(4, 1), (5, 0)])
def test_an_array_larger_than_the_bound_is_given_and_not_kept(kib, kept):
    cache = FeatureCache(4 * KIB)
    assert np.array_equal(cache.get(b"a", lambda: array(kib, 7.0)), array(kib, 7.0))
    assert (cache.stats.entries, cache.stats.kept_bytes) == (kept, kept * kib * KIB)


def test_an_array_that_is_too_large_puts_nothing_else_out():
    cache = FeatureCache(4 * KIB)
    cache.get(b"a", array)
    cache.get(b"b", lambda: array(5))
    assert (cache.stats.entries, cache.stats.evicted) == (1, 0)


def test_a_bound_of_nothing_keeps_nothing():
    counting = Counting()
    cached = CachedFrontEnd(counting, FeatureCache(0))
    cached(noise())
    cached(noise())
    assert counting.calls == 2


@pytest.mark.parametrize("bound", [-1, 1.5, "1M", None, True])
def test_a_bound_that_is_no_number_of_bytes_is_refused(bound):
    with pytest.raises(SettingsError, match="max_bytes must be a whole number of 0 or more bytes"):
        FeatureCache(bound)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=60), st.integers(0, 12))
def test_the_bound_holds_and_every_answer_is_right_whatever_is_asked_for(asked, bound):
    cache = FeatureCache(bound * KIB)
    sizes = {}
    for key, kib in asked:
        kib = sizes.setdefault(key, kib)  # noqa: PLW2901 - a key has one size
        found = cache.get(bytes([key]), lambda kib=kib, key=key: array(kib, key))
        assert np.array_equal(found, array(kib, key))
        stats = cache.stats
        assert stats.kept_bytes <= stats.max_bytes
        assert (stats.kept_bytes > 0) == (stats.entries > 0)
    assert cache.stats.lookups == len(asked)


def test_a_cleared_cache_holds_nothing_and_works_on():
    cache = FeatureCache(MIB)
    cache.get(b"a", array)
    cache.clear()
    assert (cache.stats.entries, cache.stats.kept_bytes, cache.stats.misses) == (0, 0, 1)
    cache.get(b"a", array)
    assert cache.stats.kept_bytes == KIB


def test_threads_that_ask_for_one_clip_compute_it_once():
    cache, begun, go, calls = FeatureCache(MIB), threading.Event(), threading.Event(), []

    def compute():
        calls.append(threading.get_ident())
        begun.set()
        assert go.wait(30)
        return array(value=3.0)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(cache.get, b"a", compute)
        assert begun.wait(30)
        others = [pool.submit(cache.get, b"a", compute) for _ in range(3)]
        go.set()
        found = [one.result(30) for one in (first, *others)]
    assert len(calls) == 1
    assert all(np.array_equal(one, array(value=3.0)) for one in found)
    assert (cache.stats.hits, cache.stats.misses) == (3, 1)


def test_those_who_wait_get_even_what_is_too_large_to_keep():
    cache, begun, go, calls = FeatureCache(0), threading.Event(), threading.Event(), []

    def compute():
        calls.append(1)
        begun.set()
        assert go.wait(30)
        return array()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, b"a", compute)
        assert begun.wait(30)
        waiting = pool.submit(cache.get, b"a", compute)
        # Only a lookup that is under way can be shared; one that began later computes again.
        go.set()
        assert np.array_equal(first.result(30), waiting.result(30))
    assert 1 <= len(calls) <= 2


def test_another_clip_is_not_held_up_by_one_that_is_computed():
    cache, begun, go = FeatureCache(MIB), threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert go.wait(30)
        return array()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get, b"slow", slow)
        assert begun.wait(30)
        # This very thread gets another clip's, and the numbers, while the first is still computed.
        assert np.array_equal(cache.get(b"quick", lambda: array(value=1.0)), array(value=1.0))
        assert cache.stats.entries == 1
        assert not waiting.done()
        go.set()
        waiting.result(30)
    assert cache.stats.entries == 2


def test_what_fails_is_not_kept_and_whoever_waited_computes_it_anew():
    cache, begun, go = FeatureCache(MIB), threading.Event(), threading.Event()

    def fails():
        begun.set()
        assert go.wait(30)
        raise AudioError("no such clip")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, b"a", fails)
        assert begun.wait(30)
        second = pool.submit(cache.get, b"a", lambda: array(value=2.0))
        go.set()
        with pytest.raises(AudioError, match="no such clip"):
            first.result(30)
        assert np.array_equal(second.result(30), array(value=2.0))
    assert cache.stats.entries == 1


def test_many_threads_and_few_places_give_everyone_the_right_features():
    settings = dataclasses.replace(SETTINGS)
    cache = FeatureCache(3 * settings.frames * settings.width * 4)
    cached = CachedFrontEnd(FrontEnd(settings), cache)
    expected = [FrontEnd(settings)(noise(seed)) for seed in range(6)]

    def work(worker):
        order = np.random.default_rng(worker).integers(0, 6, 100)
        return all(np.array_equal(cached(noise(seed)), expected[seed]) for seed in order)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    stats = cache.stats
    assert stats.lookups == 800
    assert stats.entries == 3
    assert stats.evicted == stats.misses - 3


def test_samples_of_another_shape_are_refused_as_by_the_front_end():
    cached = CachedFrontEnd(FrontEnd(SETTINGS), FeatureCache(MIB))
    with pytest.raises(AudioError, match="takes 1600 samples"):
        cached(noise(count=1601))


def test_what_it_did_is_told_in_one_line():
    told = CacheStats(hits=3, misses=1, evicted=0, entries=1, kept_bytes=MIB // 2, max_bytes=2 * MIB)
    assert str(told) == "75.0% of 4 lookups were hits; 1 entries, 0.5 of 2.0 MiB"
    assert CacheStats(0, 0, 0, 0, 0, 0).hit_rate == 0.0
