"""8-bit integers, but for the operators that lose most by them: those stay float, chosen by what was measured.

The model is calibrated once. From that, TensorFlow's quantiser makes a file in milliseconds for any set of operators
to leave alone, and each file is run on calibration clips beside the float model (`sensitivity` says what for).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesense.optimize import Converted, sensitivity
from edgesense.optimize import calibration as calibrating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEEDS_CALIBRATION = True
_FOLDED = ("batch_normalization", "re_lu")
CLIPS = 100
"""At most so many calibration inputs are run for each file that is tried, evenly from all of them."""


def convert(
    model: Any,
    calibration: NDArray[np.float32] | None = None,
    *,
    divergence_share: float = sensitivity.Target.divergence_share,
    agreement: float = sensitivity.Target.agreement,
    operators: int | None = None,
) -> Converted:
    """A TFLite model of 8-bit and float operators that takes and gives floats.

    Args:
        model: `tf_keras.Model`, built with a batch of one; its output are shares of 1.
        calibration: (n, frames, columns) float32, inputs from which ranges are taken and on which is measured.
        divergence_share: The most that scores may move away from the float model's, as a share of how far the
            all-integer model's do.
        agreement: The least share of clips with the float model's label.
        operators: How many operators to keep in float, instead of the fewest that reach the two above.

    Returns:
        The `.tflite` file's content; its notes have the ranking of all operators and which were kept in float.

    Raises:
        ConversionError: There is no calibration input.
        SettingsError: An option that is out of range.
    """
    target = sensitivity.Target(divergence_share, agreement, operators)
    inputs = calibrating.required(calibration, "mixed")
    clips = inputs[np.unique(np.linspace(0, len(inputs) - 1, CLIPS).round().astype(int))]
    calibrated = _calibrate(model, inputs)
    found = _operators(calibrated)
    reference = _scores(calibrated, clips)

    def measure(kept: Sequence[int]) -> sensitivity.Loss:
        return sensitivity.compare(reference, _scores(_quantize(calibrated, [found[n][1] for n in kept]), clips))

    choice = sensitivity.choose(len(found), measure, target)
    content = _quantize(calibrated, [found[number][1] for number in choice.kept])
    return Converted(content, _notes(found, choice, target, len(clips)))


def _calibrate(model: Any, inputs: NDArray[np.float32]) -> bytes:
    """The float model with the range of every tensor in it."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibrating.feed(inputs)
    converter._experimental_calibrate_only = True  # noqa: SLF001 - as tf.lite.experimental.QuantizationDebugger does
    return cast("bytes", converter.convert())


def _quantize(calibrated: bytes, float_tensors: Sequence[str]) -> bytes:
    """A calibrated model in integers but for the operators that give these tensors.

    Called directly and not through `QuantizationDebugger`, which does the same but adds a verifying operator to every
    tensor first, and cannot ask for dense layers without channels of their own (FULLY_CONNECTED version 12, which
    tflite-runtime 2.14 lacks).
    """
    from tensorflow.lite.python import convert as converting

    made = converting.mlir_quantize(
        calibrated, denylisted_nodes=list(float_tensors) or None, disable_per_channel_for_dense_layers=True
    )
    return cast("bytes", made)


def _operators(model: bytes) -> list[tuple[str, str]]:
    """Kind and output tensor of each operator, in the order they run."""
    import tensorflow as tf

    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = tf.lite.Interpreter(model_content=model, experimental_op_resolver_type=plain)
    tensors = {details["index"]: details["name"] for details in interpreter.get_tensor_details()}
    details = interpreter._get_ops_details()  # noqa: SLF001 - nothing public tells the operators
    return [(one["op_name"], tensors[one["outputs"][0]]) for one in details]


def _scores(model: bytes, clips: NDArray[np.float32]) -> NDArray[np.float64]:
    """(clips, classes) float64: a model's scores for (clips, frames, columns) float32 inputs."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    given, told = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    scores = []
    for clip in clips:
        interpreter.reset_all_variables()
        interpreter.set_tensor(given, clip[None])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(told).ravel())
    return np.array(scores, np.float64)


def _notes(
    found: Sequence[tuple[str, str]], choice: sensitivity.Choice, target: sensitivity.Target, clips: int
) -> dict[str, Any]:
    names = [_name(kind, tensor) for kind, tensor in found]
    kept = [names[number] for number in choice.kept]
    before, after = choice.integers, choice.reached
    return {
        "why": _why(kept, len(found), choice, target, clips),
        "target": {
            "divergence_share": target.divergence_share,
            "agreement": target.agreement,
            "operators": target.operators,
        },
        "clips": clips,
        "all_in_integers": {"divergence": before.divergence, "agreement": before.agreement},
        "reached": {"divergence": after.divergence, "agreement": after.agreement},
        "kept_float": kept,
        "ranking": [
            {
                "operator": names[number],
                "divergence_alone_in_integers": choice.alone[number].divergence,
                "agreement": choice.alone[number].agreement,
                "kept": "float" if number in choice.kept else "int8",
            }
            for number in choice.ranking
        ],
    }


def _why(
    kept: Sequence[str], operators: int, choice: sensitivity.Choice, target: sensitivity.Target, clips: int
) -> list[str]:
    before, after = choice.integers, choice.reached
    if target.operators is not None:
        wanted = f"the {target.operators} that lose most when they alone are in integers"
    else:
        wanted = (
            f"the fewest with which the scores move by at most {target.divergence_share:g} of that and the label stays "
            f"on at least {target.agreement:.1%}"
        )
    measured = (
        f"On {clips} calibration clips the scores of the model with all operators in integers are "
        f"{before.divergence:.3g} bits (Jensen-Shannon) from the float model's, and the label is the same on "
        f"{before.agreement:.1%}; with these in float {after.divergence:.3g} bits and {after.agreement:.1%}."
    )
    return [
        f"Kept in float: {', '.join(kept) or 'nothing'} ({len(kept)} of {operators} operators).",
        measured,
        f"Wanted were {wanted}.",
    ]


def _name(kind: str, tensor: str) -> str:
    """An operator's kind with the layer it came from, not those folded into it.

    `a/re_lu/Relu;a/batch_normalization/FusedBatchNormV3;a/conv2d_1/Conv2D1` gives `conv2d_1`.
    """
    layers = [part.split("/")[-2] for part in tensor.split(";") if "/" in part]
    own = [layer for layer in layers if not layer.startswith(_FOLDED)] or layers
    return f"{kind} {own[-1]}" if own else kind
