"""What a search may choose: the network's size, the front end and the conversion, all from lists."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from edgesense import models, optimize
from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

VERSION = 1
"""Changes whenever a name or a value of the space comes to mean something else."""
ARCHITECTURE = "ds_cnn"
JOINT = "+"
OPTIONS = ("depth", "width", "kernel")
FEATURES = ("blocks", "n_fft", "hop_length", "n_mels")
PASS = "pass"  # noqa: S105 - a conversion, not a password
NAMES = (*OPTIONS, *FEATURES, PASS)

CHOICES: Mapping[str, tuple[int, ...] | tuple[str, ...]] = {
    "depth": (2, 3, 4, 5, 6),
    "width": (8, 16, 24, 32, 40, 48),
    "kernel": (3, 5),
    "blocks": ("logmel", "mfcc", "mfcc+logmel", "mfcc+delta+delta2+logmel"),
    "n_fft": (512, 1024, 2048),
    "hop_length": (160, 240, 320),
    "n_mels": (32, 48, 64),
}


@dataclass(frozen=True)
class Candidate:
    """One choice of everything.

    Attributes:
        depth: As `edgesense.models.ds_cnn.Shape` has it.
        width: The same.
        kernel: The same.
        blocks: Feature blocks by name, joined by "+".
        n_fft: As `FeatureSettings` has it.
        hop_length: The same.
        n_mels: The same.
        conversion: A module of `edgesense.optimize`.
    """

    depth: int
    width: int
    kernel: int
    blocks: str
    n_fft: int
    hop_length: int
    n_mels: int
    conversion: str

    @property
    def options(self) -> dict[str, int]:
        """What the architecture is built with."""
        return {name: getattr(self, name) for name in OPTIONS}

    @property
    def features(self) -> FeatureSettings:
        """The front end.

        Raises:
            SettingsError: The settings contradict one another.
        """
        return FeatureSettings.optimized(
            blocks=tuple(self.blocks.split(JOINT)),
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            n_mels=self.n_mels,
        )

    @property
    def key(self) -> str:
        """Equal for equal candidates, other for others."""
        return json.dumps(asdict(self), sort_keys=True)

    def __str__(self) -> str:
        return (
            f"depth {self.depth}, width {self.width}, kernel {self.kernel}, {self.blocks}, n_fft {self.n_fft}, "
            f"hop {self.hop_length}, {self.n_mels} mels, {self.conversion}"
        )


@dataclass(frozen=True)
class Space:
    """The values that each part of a candidate may have.

    Attributes:
        choices: Name -> values, for each of `NAMES`.

    Raises:
        SettingsError: A name or value cannot be, or two values cannot be together.
    """

    choices: Mapping[str, tuple[Any, ...]]

    def __post_init__(self) -> None:
        for name in NAMES:
            if not self.choices.get(name):
                raise SettingsError(f"the search space has no value for {name}")
        for name in self.choices[PASS]:
            if hasattr(optimize.get(name), "Technique"):
                raise SettingsError(f"{name} trains on; a search takes passes that only convert")
        for values in itertools.product(*(self.choices[name] for name in OPTIONS)):
            models.configured(ARCHITECTURE, dict(zip(OPTIONS, values, strict=True)))
        front_ends = itertools.product(*(self.choices[name] for name in FEATURES))
        for blocks, n_fft, hop_length, n_mels in front_ends:
            candidate = Candidate(2, 8, 3, blocks, n_fft, hop_length, n_mels, "float32")
            try:
                _ = candidate.features
            except SettingsError as error:
                raise SettingsError(f"the search space holds a front end that cannot be: {error}") from error

    @classmethod
    def of(cls, passes: Sequence[str], narrowed: Mapping[str, Sequence[str]] | None = None) -> Space:
        """The usual space, with some lists replaced.

        Args:
            passes: Conversions, modules of `edgesense.optimize`.
            narrowed: Name -> values as text, in the place of those of `CHOICES`.

        Raises:
            SettingsError: A name or value cannot be.
        """
        choices: dict[str, tuple[Any, ...]] = {**CHOICES, PASS: tuple(dict.fromkeys(passes))}
        for name, texts in (narrowed or {}).items():
            if name not in CHOICES:
                raise SettingsError(f"the search space has no {name!r}, only {', '.join(CHOICES)}")
            choices[name] = _values(name, texts)
        return cls(choices)

    @property
    def size(self) -> int:
        """How many candidates there are."""
        count = 1
        for name in NAMES:
            count *= len(self.choices[name])
        return count

    def suggest(self, trial: BaseTrial) -> Candidate:
        """Let a trial choose; whole numbers in equal steps are suggested as such, the rest as categories."""
        chosen: dict[str, Any] = {}
        for name in NAMES:
            values = self.choices[name]
            step = _step(values)
            if step:
                chosen[name] = trial.suggest_int(name, values[0], values[-1], step=step)
            else:
                chosen[name] = trial.suggest_categorical(name, values)
        return candidate(chosen)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"version": VERSION, "architecture": ARCHITECTURE} | {name: list(self.choices[name]) for name in NAMES}


def candidate(params: Mapping[str, Any]) -> Candidate:
    """The candidate of a trial's parameters."""
    values = dict(params)
    return Candidate(conversion=values.pop(PASS), **values)


def _values(name: str, texts: Sequence[str]) -> tuple[int, ...] | tuple[str, ...]:
    if isinstance(CHOICES[name][0], str):
        return tuple(dict.fromkeys(texts))
    for text in texts:
        if not text.isdecimal():
            raise SettingsError(f"{name} must be whole numbers, not {text!r}")
    return tuple(sorted({int(text) for text in texts}))


def _step(values: Sequence[Any]) -> int | None:
    """The distance of whole numbers in equal steps, None for anything else."""
    if len(values) < 2 or not all(type(value) is int for value in values):
        return None
    steps = {after - before for before, after in itertools.pairwise(cast("Sequence[int]", values))}
    return steps.pop() if len(steps) == 1 else None
