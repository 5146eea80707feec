"""Where a build server counts a project's files from: the repository's top, which need not be pytest's root."""

from __future__ import annotations

import os
from pathlib import Path

from edgesense.perf import history
from edgesense.report import escaping


def below(root: Path, *variables: str) -> str:
    """Return what goes before a file's name from `root` so that it starts from the top: ``sub/``, or nothing.

    Args:
        root: The project's root, which a run's files are named from.
        variables: Those of the environment in which a server says where it checked the repository out; where none is
            set, or `root` is elsewhere, git's own top is taken.
    """
    said = [Path(os.environ[name]) for name in variables if os.environ.get(name)]
    tops = [top for top in (*said, history.top(root)) if top is not None]
    above = (top for top in tops if root.resolve().is_relative_to(top.resolve()))
    return escaping.prefix(root, next(above, None))
