"""DS-CNN: depthwise-separable convolutions (Zhang et al., Hello Edge, 2017), the default pipeline's model.

Small in parameters and arithmetic, and it needs only the log-mel block, so its front end is cheap as well. The first
convolution sees `GROUP` neighbouring bands as channels instead of one channel: with one, an 8-bit convolution on a
processor without dot product spends most of its time on padding (4.4 million instructions against 0.9).

`Shape` makes it a family: other depths, widths and kernels, which the architecture search chooses from.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "ds_cnn"
EPOCHS = 30

GROUP = 4
STEM_STRIDES = (2, 1)
KERNELS = (3, 5, 7)


@dataclass(frozen=True)
class Shape:
    """How large the network is; the default is the default pipeline's.

    Attributes:
        depth: Blocks of a depthwise and a 1 x 1 convolution after the first convolution.
        width: Filters of the first convolution; the blocks have two to four times as many.
        kernel: Side of every kernel but the 1 x 1 ones; a stride is never longer.

    Raises:
        SettingsError: A value is out of range.
    """

    depth: int = 5
    width: int = 32
    kernel: int = 3

    def __post_init__(self) -> None:
        for name, low, high in (("depth", 2, 16), ("width", 1, 512)):
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SettingsError(f"{name} of ds_cnn must be a whole number from {low} to {high}, not {value!r}")
        if self.kernel not in KERNELS:
            raise SettingsError(f"kernel of ds_cnn must be one of {', '.join(map(str, KERNELS))}, not {self.kernel!r}")

    @property
    def blocks(self) -> tuple[tuple[int, tuple[int, int]], ...]:
        """(filters, (stride over frames, stride over bands)) of each block.

        The first block and the one in the middle halve both axes. There are twice `width` filters before the middle,
        three times as many just before it, and four times as many from it on.
        """
        middle = (self.depth + 1) // 2
        times = [4 if index >= middle else 3 if 0 < index == middle - 1 else 2 for index in range(self.depth)]
        return tuple(
            (self.width * many, (2, 2) if index in {0, middle} else (1, 1)) for index, many in enumerate(times)
        )


@dataclass(frozen=True)
class Configured:
    """The architecture in another shape; an `edgesense.models.Architecture`."""

    shape: Shape
    NAME: str = NAME
    EPOCHS: int = EPOCHS

    def features(self) -> FeatureSettings:
        """As the default's."""
        return features()

    def build(self, input_shape: tuple[int, int], classes: int, *, batch_size: int | None = None) -> Any:
        """An untrained model; see `edgesense.models.Architecture.build`."""
        return build(input_shape, classes, batch_size=batch_size, shape=self.shape)


def configure(options: Mapping[str, Any]) -> Configured:
    """The architecture with options: `depth`, `width` and `kernel`, as `Shape` has them.

    Raises:
        SettingsError: An option is unknown or out of range.
    """
    known = [field.name for field in dataclasses.fields(Shape)]
    for name in options:
        if name not in known:
            raise SettingsError(f"ds_cnn has no option {name!r}, only {', '.join(known)}")
    return Configured(Shape(**options))


def features() -> FeatureSettings:
    """64 log-mel bands from 1024-point windows."""
    return FeatureSettings.optimized(blocks=("logmel",))


def build(
    input_shape: tuple[int, int], classes: int, *, batch_size: int | None = None, shape: Shape | None = None
) -> Any:
    """An untrained model; see `edgesense.models.Architecture.build`.

    Args:
        input_shape: (frames, columns) of one clip's features.
        classes: Number of classes.
        batch_size: None to train, 1 to convert.
        shape: How large; None for the default pipeline's.
    """
    from tf_keras import Model, layers

    def activate(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))

    shape = shape or Shape()
    frames, bands = input_shape
    group = GROUP if bands % GROUP == 0 else 1
    inputs = layers.Input(input_shape, batch_size=batch_size)
    x = layers.Reshape((frames, bands // group, group))(inputs)
    x = activate(layers.Conv2D(shape.width, shape.kernel, strides=STEM_STRIDES, padding="same", use_bias=False)(x))
    for filters, strides in shape.blocks:
        x = activate(layers.DepthwiseConv2D(shape.kernel, strides=strides, padding="same", use_bias=False)(x))
        x = activate(layers.Conv2D(filters, 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name=NAME)
