from __future__ import annotations

from edgesense.perf.baselines.memory import MemoryStore
from edgesense.perf.records import Baseline


def baseline(test: str, device: str = "pi") -> Baseline:
    return Baseline(test, device, {}, {}, {})


def test_it_keeps_lists_and_forgets_as_the_directory_does() -> None:
    store = MemoryStore()
    assert store.save([baseline("b"), baseline("a"), baseline("a", "host")]) == ()
    assert store.load("a", "pi") == baseline("a")
    assert store.tests("pi") == ["a", "b"]
    store.remove("a", "pi")
    store.remove("never there", "pi")
    assert store.load("a", "pi") is None
    assert store.tests("host") == ["a"]
