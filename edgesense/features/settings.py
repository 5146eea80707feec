"""What the features are: one frozen record that training, the device and the judge all read."""

from __future__ import annotations

import dataclasses
import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesense.errors import SettingsError
from edgesense.features import mel

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCKS = ("mel", "logmel", "mfcc", "delta", "delta2")
DELTA_WIDTH = 9
"""Frames a delta looks at: `librosa.feature.delta`'s default width."""


@dataclass(frozen=True)
class FeatureSettings:
    """The settings of one front end.

    Args:
        sample_rate: Hz of the samples it takes.
        seconds: Length of one clip.
        n_fft: Samples of one window; the window is Hann, as long as the transform.
        hop_length: Samples from one frame to the next; frames are centred, the clip zero-padded at both ends.
        n_mels: Mel bands (Slaney's scale and norm).
        n_mfcc: Cepstral coefficients kept of each frame.
        fmin: Lowest edge of the mel bands in Hz.
        fmax: Highest edge in Hz; None is half the sample rate.
        blocks: Columns of the result, in this order, each one of `BLOCKS`.
        level_dbfs: Root mean square that each clip is brought to first, in dB of full scale; None leaves it as it is.
        top_db: Log-mel values lower than this below the clip's highest are raised to it (librosa's default, 80 dB);
            None keeps them.
        column_mean: One value a column, subtracted from the result; () subtracts nothing. Learned in training.
        column_std: One value a column, by which the result is then divided; () divides by nothing.

    Raises:
        SettingsError: A value is out of range or contradicts another; the text names it.
    """

    sample_rate: int = 16000
    seconds: float = 2.0
    n_fft: int = 1024
    hop_length: int = 160
    n_mels: int = 64
    n_mfcc: int = 20
    fmin: float = 0.0
    fmax: float | None = None
    blocks: tuple[str, ...] = ("mfcc", "delta", "delta2", "logmel")
    level_dbfs: float | None = -26.0
    top_db: float | None = 80.0
    column_mean: tuple[float, ...] = ()
    column_std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_ranges(self)
        _check_blocks(self)
        _check_columns(self)
        empty = mel.empty_bands(self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.upper)
        if empty:
            raise SettingsError(
                f"n_mels={self.n_mels} is too many for n_fft={self.n_fft} at {self.sample_rate} Hz: {empty} bands hold "
                "no frequency of the transform; lower n_mels or raise n_fft"
            )

    @classmethod
    def full(cls, **changes: Any) -> FeatureSettings:
        """The wide set: 40 MFCC with deltas and 128 log-mel bands from 2048-point windows, 248 columns."""
        return cls(**{"n_fft": 2048, "hop_length": 160, "n_mels": 128, "n_mfcc": 40, **changes})

    @classmethod
    def optimized(cls, **changes: Any) -> FeatureSettings:
        """The set for small devices: 20 MFCC with deltas and 64 log-mel bands from 1024-point windows, 124 columns."""
        return cls(**{"n_fft": 1024, "hop_length": 160, "n_mels": 64, "n_mfcc": 20, **changes})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FeatureSettings:
        """Settings from plain JSON values, as `to_dict` writes them; what is not named keeps its default.

        Raises:
            SettingsError: A name is unknown (the nearest known one is said) or a value is not usable.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
                raise SettingsError(f"unknown feature setting {name!r}{hint}")
        arguments: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Every setting as plain JSON values."""
        values = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @property
    def samples(self) -> int:
        """Samples of one clip."""
        return round(self.sample_rate * self.seconds)

    @property
    def upper(self) -> float:
        """Highest edge of the mel bands in Hz, `fmax` or half the sample rate."""
        return self.sample_rate / 2 if self.fmax is None else self.fmax

    @property
    def frames(self) -> int:
        """Frames of one clip, `librosa.stft`'s count with `center=True`."""
        return 1 + (self.samples + 2 * (self.n_fft // 2) - self.n_fft) // self.hop_length

    @property
    def block_widths(self) -> dict[str, int]:
        """Columns of each block, in the order of the result."""
        return {name: self.n_mels if name in {"mel", "logmel"} else self.n_mfcc for name in self.blocks}

    @property
    def width(self) -> int:
        """Columns of the result."""
        return sum(self.block_widths.values())

    @property
    def shape(self) -> tuple[int, int]:
        """(frames, columns) of one clip's features."""
        return self.frames, self.width


def _check_ranges(settings: FeatureSettings) -> None:
    for name, low, high in (
        ("sample_rate", 1000, 192_000),
        ("n_fft", 16, 65_536),
        ("hop_length", 1, 65_536),
        ("n_mels", 1, 1024),
        ("n_mfcc", 1, settings.n_mels),
    ):
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    for name, lowest, highest in (
        ("seconds", 0.0, 3600.0),
        ("fmin", 0.0, settings.sample_rate / 2),
        ("fmax", 0.0, settings.sample_rate / 2),
        ("level_dbfs", -120.0, 0.0),
        ("top_db", 0.0, 1000.0),
    ):
        value = getattr(settings, name)
        if value is None and name in {"fmax", "level_dbfs", "top_db"}:
            continue
        if not _is_number(value) or not lowest <= value <= highest:
            raise SettingsError(f"{name} must be a number from {lowest:g} to {highest:g}, not {value!r}")
    if settings.fmin >= settings.upper:
        raise SettingsError(f"fmin must be below fmax: {settings.fmin:g} is not below {settings.upper:g} Hz")
    if settings.n_fft > settings.samples:
        raise SettingsError(f"n_fft={settings.n_fft} is longer than the clip of {settings.samples} samples")


def _check_blocks(settings: FeatureSettings) -> None:
    blocks = settings.blocks
    if not isinstance(blocks, tuple) or not blocks:
        raise SettingsError(f"blocks must name at least one of {', '.join(BLOCKS)}, not {blocks!r}")
    for name in blocks:
        if name not in BLOCKS:
            near = difflib.get_close_matches(str(name), BLOCKS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"unknown feature block {name!r}, known are {', '.join(BLOCKS)}{hint}")
    if len(set(blocks)) < len(blocks):
        raise SettingsError(f"each feature block can be named once, not {blocks!r}")
    if {"delta", "delta2"} & set(blocks) and settings.frames < DELTA_WIDTH:
        raise SettingsError(
            f"deltas need {DELTA_WIDTH} frames and a clip has {settings.frames}; shorten hop_length or leave them out"
        )


def _check_columns(settings: FeatureSettings) -> None:
    for name in ("column_mean", "column_std"):
        values = getattr(settings, name)
        if not isinstance(values, tuple) or not all(_is_number(value) for value in values):
            raise SettingsError(f"{name} must be finite numbers, one for each column")
        if values and len(values) != settings.width:
            raise SettingsError(f"{name} has {len(values)} values, the features have {settings.width} columns")
    if not all(value > 0 for value in settings.column_std):
        raise SettingsError("column_std must be above 0 in each column")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
