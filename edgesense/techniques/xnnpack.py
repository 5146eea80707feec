"""XNNPACK's kernels compute what they can of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesense.techniques import Way, as_it_is

if TYPE_CHECKING:
    from pathlib import Path

INSTEAD = "the runtime's own kernels compute all of it"


def without(directory: Path) -> Way:
    """No delegate at all."""
    return as_it_is(directory, delegate="none")


def applied(directory: Path) -> Way:
    """What both runtimes do by themselves."""
    return as_it_is(directory)
