"""Passes from a trained tf-keras model to a TFLite file, one a file; `convert` runs them out of the way."""

from __future__ import annotations

import pkgutil

_NOT_PASSES = frozenset({"child", "convert"})


def names() -> tuple[str, ...]:
    """Names of the passes that are here."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if name not in _NOT_PASSES))
