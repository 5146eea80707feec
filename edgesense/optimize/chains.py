"""Passes that follow one another: ``prune+int8`` trains on while it sets weights to zero, and then converts."""

from __future__ import annotations

from dataclasses import dataclass

from edgesense import optimize
from edgesense.errors import SettingsError

SEPARATOR = "+"
PLAIN = "float32"
"""The conversion at the end of a chain that names none."""


@dataclass(frozen=True)
class Chain:
    """Passes in the order they are made.

    Attributes:
        finetunings: Names of those that train on.
        conversion: Name of the one that makes the file.
    """

    finetunings: tuple[str, ...]
    conversion: str

    @property
    def name(self) -> str:
        """As it is written: `prune+int8`."""
        last = () if self.conversion in self.finetunings else (self.conversion,)
        return SEPARATOR.join((*self.finetunings, *last))

    @property
    def slug(self) -> str:
        """As pipeline directories have it: `prune-int8`."""
        return self.name.replace(SEPARATOR, "-").replace("_", "-")


def parse(text: str) -> Chain:
    """Passes from text.

    Args:
        text: Names with "+" between them, as in ``prune+int8``; a chain without a conversion ends in `PLAIN`.

    Raises:
        SettingsError: An unknown pass, one that is named twice, or one that cannot stand where it does.
    """
    wanted = [name.strip() for name in text.split(SEPARATOR)]
    modules = {name: optimize.get(name) for name in wanted}
    if len(modules) < len(wanted):
        raise SettingsError(f"{text!r} names a pass twice")
    finetunings = tuple(name for name, module in modules.items() if hasattr(module, "Technique"))
    conversions = [name for name, module in modules.items() if hasattr(module, "convert")]
    for name in conversions:
        if name != wanted[-1]:
            rest = SEPARATOR.join(wanted[wanted.index(name) + 1 :])
            raise SettingsError(f"{name} makes the file, so nothing can come after it: {rest!r} has to stand before it")
    return Chain(finetunings, conversions[0] if conversions else PLAIN)
