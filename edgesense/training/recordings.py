"""What recordings must offer before anything is trained on them: classes that are there, folds of subjects."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from edgesense.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgesense.datasets.manifest import Manifest

LEAST_CLASSES = 2


def of_classes(manifest: Manifest, classes: Sequence[str]) -> tuple[Manifest, tuple[str, ...]]:
    """The recordings of some classes.

    Args:
        manifest: All recordings.
        classes: Labels to tell apart, in order; none for all of the manifest.

    Returns:
        Those recordings, and the classes.

    Raises:
        DatasetError: There is no such label, one is named twice, or there is nothing to tell apart.
    """
    wanted = tuple(classes) or manifest.labels
    if unknown := [name for name in wanted if name not in manifest.labels]:
        raise DatasetError(
            f"{manifest.directory} has no recordings labelled {', '.join(map(repr, unknown))}, only "
            f"{', '.join(manifest.labels)}"
        )
    if twice := [name for name, count in Counter(wanted).items() if count > 1]:
        raise DatasetError(f"the class {twice[0]!r} is named twice")
    if len(wanted) < LEAST_CLASSES:
        raise DatasetError(f"there is nothing to tell {wanted[0]!r} apart from: name two classes at least")
    return manifest.select(labels=wanted), wanted


def of_folds(directory: Path, known: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Folds to hold out in turn.

    Args:
        directory: Where the recordings are, for messages.
        known: Folds of the recordings.
        wanted: Some of them; "all" alone for every one.

    Raises:
        DatasetError: There is no such fold, or none is named.
    """
    chosen = list(known) if list(wanted) == ["all"] else list(dict.fromkeys(wanted))
    if not chosen:
        raise DatasetError(f"name a fold of {directory} to hold out: {', '.join(known)}, or all")
    for fold in chosen:
        if fold not in known:
            raise DatasetError(f"{directory} has no fold {fold!r}, only {', '.join(known)}")
    return chosen


def refuse_unlearnable(labels: Sequence[str], classes: Sequence[str], held_out: str) -> None:
    """Refuse a part to learn from that lacks a class.

    Args:
        labels: Label of each of its clips.
        classes: Labels to tell apart.
        held_out: The fold that is not in it, for the message.

    Raises:
        DatasetError: It lacks one.
    """
    if missing := [name for name in classes if name not in set(labels)]:
        raise DatasetError(
            f"without fold {held_out} nothing labelled {', '.join(map(repr, missing))} is left to learn from"
        )
