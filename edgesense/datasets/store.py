"""Features on disk: computed once, memory-mapped afterwards, and gone on with after an interruption."""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgesense import own_code
from edgesense.errors import DatasetError
from edgesense.features import FrontEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.features.settings import FeatureSettings

HEADER = 4096
"""Bytes, more than an array file's own description takes."""

FLUSH_EVERY = 128
"""Clips between two notes of how far it is; at most so many are computed again after an interruption."""


class ClipSource(Protocol):
    """Labelled clips that can be asked for one by one."""

    @property
    def labels(self) -> Sequence[str]:
        """Label of each clip."""

    def identity(self) -> Mapping[str, object]:
        """Plain JSON values that change when any clip may have changed."""

    def clip(self, index: int) -> NDArray[np.float32]:
        """(samples,) float32, mono, as long as the feature settings want it."""


@dataclass(frozen=True)
class FeatureStore:
    """Features of every clip of a source.

    Attributes:
        features: (clips, frames, columns) float32, memory-mapped, read only; without `column_mean` and `column_std`.
        labels: Label of each clip.
        digest: SHA-256 over the samples of all clips, in order: which audio this is.
        path: The file that the features are mapped from.
    """

    features: NDArray[np.float32]
    labels: tuple[str, ...]
    digest: str
    path: Path


def build(
    root: Path,
    source: ClipSource,
    settings: FeatureSettings,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureStore:
    """Compute the features of a source, or go on where an earlier call stopped, or just open them.

    Args:
        root: Folder of all stores; each has a folder of its own there, named by the source and the settings.
        source: The clips.
        settings: The front end; column means are not applied, because they are learned from what is stored.
        progress: Called with (clips done, clips in all).

    Returns:
        The store, complete.

    Raises:
        DatasetError: The source has no clips, or the disk no room for their features.
        AudioError: A clip cannot be used.
    """
    labels = tuple(source.labels)
    if not labels:
        raise DatasetError("there are no clips to compute features of")
    settings = replace(settings, column_mean=(), column_std=())
    directory = root / _key(source, settings)
    directory.mkdir(parents=True, exist_ok=True)
    shape = (len(labels), *settings.shape)
    features = _array(directory / "features.npy", shape, np.float32)
    hashes = _array(directory / "hashes.npy", (len(labels), 32), np.uint8)
    note = directory / "done"
    done = int(note.read_text()) if note.exists() else 0
    front_end = FrontEnd(settings)
    for index in range(done, len(labels)):
        samples = source.clip(index)
        features[index] = front_end(samples)
        hashes[index] = np.frombuffer(hashlib.sha256(samples.tobytes()).digest(), np.uint8)
        if (index + 1) % FLUSH_EVERY == 0 or index + 1 == len(labels):
            features.flush()
            hashes.flush()
            release(features)
            partial = note.with_suffix(".partial")
            partial.write_text(str(index + 1))
            partial.replace(note)
            if progress:
                progress(index + 1, len(labels))
    digest = hashlib.sha256(hashes.tobytes()).hexdigest()
    path = directory / "features.npy"
    return FeatureStore(np.load(path, mmap_mode="r"), labels, digest, path)


def room(descriptor: int, size: int) -> None:
    """Take the room that a file will need, before it is mapped: a write to a map that the disk has no room for kills.

    Args:
        descriptor: Of the file, open for writing.
        size: Bytes.

    Raises:
        OSError: There is not so much room.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)


def release(array: NDArray[Any]) -> None:
    """Give back the pages of a memory-mapped array that this process holds; what is in the file stays in the file.

    Pages that were read count as this process's memory (`RssFile`) until the system needs them elsewhere, so going
    through a large store once would count all of it. Read again, a page comes from the page cache, or from the disk.

    Args:
        array: Any shape and dtype; nothing happens to one that is not mapped, or whose changes are not in the file.
    """
    if not isinstance(array, np.memmap) or array.mode == "c" or not hasattr(mmap, "MADV_DONTNEED"):
        return
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.base
    if base is not None:
        base.madvise(mmap.MADV_DONTNEED)


def _key(source: ClipSource, settings: FeatureSettings) -> str:
    identity = {
        "source": source.identity(),
        "settings": settings.to_dict(),
        "labels": list(source.labels),
        "code": own_code.digest(own_code.FEATURES),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> np.memmap[Any, Any]:
    """A writable array on disk; an old one of another shape, or a cut-off one, is begun again."""
    found: np.memmap[Any, Any]
    try:
        # Read only first: opened for writing, NumPy would fill a cut-off file up with zeros.
        found = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        pass
    else:
        if found.shape == shape and found.dtype == dtype:
            return np.load(path, mmap_mode="r+")  # type: ignore[no-any-return]
    path.with_name("done").unlink(missing_ok=True)
    try:
        with path.open("wb") as file:
            room(file.fileno(), math.prod(shape) * np.dtype(dtype).itemsize + HEADER)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DatasetError(f"no room for features in {path.parent}: {error.strerror}") from error
    found = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)  # type: ignore[no-untyped-call]
    return found
