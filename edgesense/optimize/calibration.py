"""The representative data set, from which passes take the ranges of tensors: refused when unusable, fed when not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


def required(calibration: NDArray[np.float32] | None, pass_name: str) -> NDArray[np.float32]:
    """The calibration inputs of a pass that cannot do without.

    Raises:
        ConversionError: There are none; ranges cannot be guessed.
    """
    if calibration is None or not len(calibration):
        raise ConversionError(
            f"{pass_name} needs a representative data set: give it some inputs of the calibration split, a hundred say"
        )
    return calibration


def check(calibration: NDArray[Any], input_shape: tuple[int, int]) -> None:
    """Refuse calibration inputs that a model cannot be run on.

    Args:
        calibration: (n, frames, columns) float32, normalised features of n clips.
        input_shape: (frames, columns) that the model takes.

    Raises:
        ConversionError: None of them, another shape or dtype, or a value that is not finite.
    """
    wanted = f"(clips, {input_shape[0]} frames, {input_shape[1]} columns)"
    if not calibration.size:
        raise ConversionError(f"the calibration set is empty: it needs at least one input of the shape {wanted}")
    if calibration.ndim != 3 or calibration.shape[1:] != input_shape:
        raise ConversionError(
            f"calibration inputs have the shape {calibration.shape}, the model takes {wanted}: compute them with the "
            "front end that the model was trained on"
        )
    if calibration.dtype != np.float32:
        raise ConversionError(
            f"calibration inputs must be float32 features, normalised as the model takes them, not {calibration.dtype}"
        )
    broken = np.flatnonzero(~np.isfinite(calibration).all(axis=(1, 2)))
    if len(broken):
        raise ConversionError(
            f"{len(broken)} of {len(calibration)} calibration inputs have values that are not finite, the first is "
            f"number {broken[0]}: one of them would make every range infinite"
        )


def feed(calibration: NDArray[np.float32]) -> Callable[[], Iterator[list[NDArray[np.float32]]]]:
    """Inputs one by one, as `TFLiteConverter.representative_dataset` wants them."""
    return lambda: ([calibration[index : index + 1]] for index in range(len(calibration)))
