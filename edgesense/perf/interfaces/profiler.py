"""What explains a broken budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edgesense.perf.cases import Attachment, Case


class Profiler(Protocol):
    """Explains a broken budget with lines and files, in later processes of its own."""

    @property
    def name(self) -> str:
        """As it is shown in reports."""

    @property
    def explains(self) -> frozenset[str]:
        """The limits it helps with."""

    @property
    def always(self) -> bool:
        """Whether it is also run for other limits, after those that help with them."""

    @property
    def cost(self) -> float:
        """About how many seconds it takes; of two that help, the cheaper one goes first."""

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Explain a case with files in `directory`; return nothing where it has nothing to say of it.

        Args:
            case: What broke. Where the baseline's pipeline can be run, what grew between the two is what is wanted.
            directory: It is there.

        Raises:
            EdgeSenseError: If it cannot be done; the reason is shown instead of a file.
            OSError: If a file cannot be written or a tool not started.
        """
