"""Features kept in memory: the same samples at the same settings are computed once, as long as they fit.

A lookup hashes the samples, which costs a tenth to a third of computing their features (`docs/streaming.md`), so a
cache pays only where more than that share of clips comes again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesense.features.front_end import FrontEnd


@dataclass(frozen=True)
class CacheStats:
    """What a cache did so far.

    Attributes:
        hits: Lookups answered without computing, those among them that waited for another thread's result.
        misses: Lookups that computed.
        evicted: Entries that went because others came.
        entries: Arrays kept now.
        kept_bytes: Their size together.
        max_bytes: Their bound.
    """

    hits: int
    misses: int
    evicted: int
    entries: int
    kept_bytes: int
    max_bytes: int

    @property
    def lookups(self) -> int:
        """How often something was asked for."""
        return self.hits + self.misses

    @property
    def hit_rate(self) -> float:
        """Share of lookups that were hits; 0.0 before the first."""
        return self.hits / self.lookups if self.lookups else 0.0

    def __str__(self) -> str:
        return (
            f"{self.hit_rate:.1%} of {self.lookups} lookups were hits; {self.entries} entries, "
            f"{self.kept_bytes / 2**20:.1f} of {self.max_bytes / 2**20:.1f} MiB"
        )


class _Pending:
    """A result that one thread computes and others wait for."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: NDArray[np.float32] | None = None


class FeatureCache:
    """Arrays by key, bounded by their bytes: the least recently used go first. Threads may share one.

    Args:
        max_bytes: Most that the kept arrays may take together. A larger array is computed and not kept.

    Raises:
        SettingsError: `max_bytes` is no whole number of 0 or more.
    """

    def __init__(self, max_bytes: int) -> None:
        if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 0:
            raise SettingsError(f"max_bytes must be a whole number of 0 or more bytes, not {max_bytes!r}")
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._pending: dict[bytes, _Pending] = {}
        self._bytes = self._hits = self._misses = self._evicted = 0

    @property
    def stats(self) -> CacheStats:
        """What it did so far and holds now."""
        with self._lock:
            return CacheStats(self._hits, self._misses, self._evicted, len(self._kept), self._bytes, self._max_bytes)

    def get(self, key: bytes, compute: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """The array of a key, computed if it is not kept.

        Two threads that ask for one key compute it once; other keys are neither waited for nor held up. What fails is
        not kept: whoever waited for it computes it anew.

        Args:
            key: A digest of all that decides the result.
            compute: Makes an array that nobody else holds; it is made read-only.

        Returns:
            The array, read-only.
        """
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    self._hits += 1
                    return kept.view()
                pending = self._pending.get(key)
                if pending is None:
                    mine = self._pending[key] = _Pending()
                    self._misses += 1
                    break
            pending.done.wait()
            if pending.result is not None:
                with self._lock:
                    self._hits += 1
                return pending.result.view()
        try:
            result = compute()
            result.flags.writeable = False
            mine.result = result
            with self._lock:
                self._keep(key, result)
        finally:
            with self._lock:
                del self._pending[key]
            mine.done.set()
        # A view of an array that is read-only cannot be made writable again.
        return result.view()

    def clear(self) -> None:
        """Keep nothing any more; the counts stay."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: bytes, result: NDArray[np.float32]) -> None:
        if result.nbytes > self._max_bytes:
            return
        self._kept[key] = result
        self._bytes += result.nbytes
        while self._bytes > self._max_bytes:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.nbytes
            self._evicted += 1


class CachedFrontEnd:
    """A front end that asks a cache first; called like it, and gives the same numbers, read-only.

    Args:
        front_end: What computes.
        cache: What keeps; several front ends may share one.

    Attributes:
        settings: The front end's.
    """

    def __init__(self, front_end: FrontEnd, cache: FeatureCache) -> None:
        self.settings = front_end.settings
        self._front_end = front_end
        self._cache = cache
        # A Raspberry Pi 4 has no instructions for SHA-2, and BLAKE2b is the faster without them.
        self._hash = hashlib.blake2b(json.dumps(self.settings.to_dict()).encode(), digest_size=32)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of one clip.

        Args:
            samples: (settings.samples,) float32, mono, in [-1, 1].

        Returns:
            (settings.frames, settings.width) float32, read-only.

        Raises:
            AudioError: The samples have another shape than the settings ask for.
        """
        return self._cache.get(self.key(samples), lambda: self._front_end(samples))

    def key(self, samples: NDArray[np.float32]) -> bytes:
        """Digest of the settings and of the samples.

        Args:
            samples: (n,) float32.

        Returns:
            32 bytes.
        """
        digest = self._hash.copy()
        digest.update(f"{samples.shape} {samples.dtype.str}".encode())
        digest.update(np.ascontiguousarray(samples).data)
        return digest.digest()
