"""XNNPACK's kernels compute what they can of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesense.techniques import Way, opened

if TYPE_CHECKING:
    from pathlib import Path

INSTEAD = "the runtime's own kernels compute all of it"


def without(directory: Path) -> Way:
    """No delegate at all."""
    found = opened(directory, delegate="none")
    return Way(found, found.run)


def applied(directory: Path) -> Way:
    """What both runtimes do by themselves."""
    found = opened(directory)
    return Way(found, found.run)
