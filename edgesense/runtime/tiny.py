"""Tiny working models made in milliseconds, for tests and examples: a linear classifier as a `.tflite` file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FULLY_CONNECTED_OPTIONS = 8
_MAXIMUM_OPTIONS = 39


def tiny_model(
    path: str | Path,
    *,
    inputs: tuple[int, ...] = (1, 16),
    classes: int = 5,
    dtype: str = "float32",
    weights: NDArray[np.floating[Any]] | None = None,
    bias: NDArray[np.floating[Any]] | None = None,
    input_range: tuple[float, float] = (-1.0, 1.0),
    output_range: tuple[float, float] = (-4.0, 4.0),
    padding_bytes: int = 0,
    work: int = 1,
    seed: int = 0,
) -> Path:
    """Write a linear classifier that runs in every TFLite runtime; see `tiny_model_bytes` for the settings.

    Returns:
        The path written.
    """
    path = Path(path)
    path.write_bytes(
        tiny_model_bytes(
            inputs=inputs,
            classes=classes,
            dtype=dtype,
            weights=weights,
            bias=bias,
            input_range=input_range,
            output_range=output_range,
            padding_bytes=padding_bytes,
            work=work,
            seed=seed,
        )
    )
    return path


def tiny_model_bytes(
    *,
    inputs: tuple[int, ...] = (1, 16),
    classes: int = 5,
    dtype: str = "float32",
    weights: NDArray[np.floating[Any]] | None = None,
    bias: NDArray[np.floating[Any]] | None = None,
    input_range: tuple[float, float] = (-1.0, 1.0),
    output_range: tuple[float, float] = (-4.0, 4.0),
    padding_bytes: int = 0,
    work: int = 1,
    seed: int = 0,
) -> bytes:
    """A linear classifier as the bytes of a `.tflite` file: scores = weights . features + bias.

    Args:
        inputs: Shape of the one input, batch of 1 first: (1, n) or (1, frames, width).
        classes: How many scores come out, in shape (1, classes).
        dtype: "float32", "int8" or "uint8", of input, weights and output alike.
        weights: (classes, n) float, row-major over the input's frames and width; drawn from `seed` when None.
        bias: (classes,) float; 0 when None.
        input_range: Lowest and highest feature that a quantised input can hold.
        output_range: Lowest and highest score that a quantised output can hold.
        padding_bytes: Bytes that only make the file larger; they are never read when it runs.
        work: How often the product is computed; the result is the maximum of equal ones, so only the time grows.
        seed: Seed of the drawn weights.

    Returns:
        The file's content.

    Raises:
        ValueError: Another dtype, or `work` below 1.
    """
    if dtype not in ("float32", "int8", "uint8"):
        raise ValueError(f"dtype must be float32, int8 or uint8, not {dtype!r}")
    if work < 1:
        raise ValueError(f"work must be at least 1, not {work}")
    width = math.prod(inputs)
    if weights is None:
        reach = max(map(abs, input_range))
        weights = np.random.default_rng(seed).normal(size=(classes, width)) / (reach * math.sqrt(width))
    if bias is None:
        bias = np.zeros(classes)
    if dtype == "float32":
        constants = [
            TensorSpec("weights", (classes, width), data=np.asarray(weights, np.float32)),
            TensorSpec("bias", (classes,), data=np.asarray(bias, np.float32)),
        ]
        given, score = TensorSpec("features", inputs), TensorSpec("scores", (1, classes))
    else:
        low = np.iinfo(dtype).min
        (in_scale, in_zero), (out_scale, out_zero) = _affine(low, *input_range), _affine(low, *output_range)
        scale, zero = float(np.float32(np.abs(weights).max() / 127 or 1.0)), low + 128
        # The kernels ask for bias scale = input scale x weight scale, in float32.
        bias_scale = float(np.float32(in_scale) * np.float32(scale))
        stored = (np.rint(weights / scale) + zero).astype(dtype)
        constants = [
            TensorSpec("weights", (classes, width), dtype, stored, scale, zero),
            TensorSpec("bias", (classes,), "int32", np.rint(bias / bias_scale).astype(np.int32), bias_scale),
        ]
        given = TensorSpec("features", inputs, dtype, None, in_scale, in_zero)
        score = TensorSpec("scores", (1, classes), dtype, None, out_scale, out_zero)
    return to_bytes(_repeated(given, constants, score, dtype=dtype, work=work, padding=bytes(padding_bytes)))


def _affine(first: int, low: float, high: float) -> tuple[float, int]:
    """Scale and zero point with which 256 steps from `first` span about [low, high] and hold 0.0 exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / 255 or 1.0))
    return scale, max(first, min(first + 255, round(first - low / scale)))


def _repeated(
    given: TensorSpec, constants: list[TensorSpec], score: TensorSpec, *, dtype: str, work: int, padding: bytes
) -> Graph:
    """The graph: `work` equal products and the chain of maxima that joins them into the last tensor."""
    tensors = [given, *constants]
    operators: list[OperatorSpec] = []

    def add(name: str, inputs: tuple[int, ...], version: int, options: tuple[int, dict[int, int]]) -> int:
        tensors.append(
            TensorSpec(f"scores{len(tensors)}", score.shape, score.dtype, None, score.scale, score.zero_point)
        )
        operators.append(OperatorSpec(name, inputs, (len(tensors) - 1,), version, options))
        return len(tensors) - 1

    product_version, maximum_version = (4, 2) if dtype == "int8" else (1, 1)
    result = -1
    for _ in range(work):
        product = add("FULLY_CONNECTED", (0, 1, 2), product_version, (_FULLY_CONNECTED_OPTIONS, {}))
        joined = result >= 0
        result = add("MAXIMUM", (result, product), maximum_version, (_MAXIMUM_OPTIONS, {})) if joined else product
    return Graph(tensors, operators, (0,), (result,), {"padding": padding} if padding else {})
