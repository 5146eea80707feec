"""The packages of the `search` extra, or one clear error."""

from __future__ import annotations

import importlib
from typing import Any

from edgesense.errors import EdgeSenseError


def need(*names: str) -> Any:
    """Import packages of the extra.

    Args:
        *names: Modules, as in an import statement.

    Returns:
        The first one.

    Raises:
        EdgeSenseError: One is not installed; the text has the command that installs it.
    """
    try:
        found = [importlib.import_module(name) for name in names]
    except ImportError as error:
        missing = error.name or names[0]
        raise EdgeSenseError(f"architecture search needs {missing}: pip install 'pytest-edgesense[search]'") from error
    return found[0]
