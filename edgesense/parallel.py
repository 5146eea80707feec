"""A function over a stream, by several threads: results in order, a bounded number of items taken ahead."""

from __future__ import annotations

import queue
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items taken for each thread: the one it works on, and one that waits for it."""


def in_order(functions: Sequence[Callable[[Item], Result]], items: Iterable[Item]) -> Iterator[Result]:
    """Apply functions that do the same to a stream of items, each function in one thread at a time.

    Items are taken in the caller's thread, `AHEAD` a function at the most before the first result is wanted, so the
    stream may be longer than memory. Closing the iterator, an error or an interrupt stops the threads; each ends what
    it is at, and nothing that waits is begun.

    Args:
        functions: One a thread; each may have buffers of its own.
        items: What they are applied to.

    Yields:
        One result an item, in the order of the items.

    Raises:
        Exception: What a function or the stream itself raised, after the results of all items before that one.
    """
    # Costs megabytes and milliseconds, so not for those who use one thread.
    from concurrent.futures import ThreadPoolExecutor

    idle: queue.SimpleQueue[Callable[[Item], Result]] = queue.SimpleQueue()
    for function in functions:
        idle.put(function)

    def work(item: Item) -> Result:
        function = idle.get()
        try:
            return function(item)
        finally:
            idle.put(function)

    stream = iter(items)
    pending: deque[Future[Result]] = deque()
    failure: Exception | None = None
    more = True
    pool = ThreadPoolExecutor(len(functions), thread_name_prefix="edgesense")
    try:
        while more or pending:
            while more and len(pending) < AHEAD * len(functions):
                try:
                    item = next(stream)
                except StopIteration:
                    more = False
                except Exception as error:  # noqa: BLE001 - it is raised in its place, behind what came before it
                    more, failure = False, error
                else:
                    pending.append(pool.submit(work, item))
                    del item
            if pending:
                yield pending.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
