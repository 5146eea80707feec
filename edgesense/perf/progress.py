"""What is being done just now, told to whoever watches: nobody by default.

It is told between processes and between pairs, never while a clock runs, so that showing it disturbs no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watcher = Callable[[str, int, int], None]
"""Told in a few words what begins, how many of its steps are done, and of how many; 0 where nobody knows."""


def _nobody(what: str, done: int, of: int) -> None:
    """Look away."""


_WATCHER: ContextVar[Watcher] = ContextVar("edgesense_watcher", default=_nobody)


def tell(what: str, done: int = 0, of: int = 0) -> None:
    """Say what begins now.

    Args:
        what: In a few words.
        done: Steps of it that are done.
        of: All its steps, at the most; 0 where that is not known.
    """
    _WATCHER.get()(what, done, of)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell `watcher` of everything that is done inside, in this thread."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)
