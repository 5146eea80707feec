"""How the models beside this file were made: TensorFlow 2.21 with tf-keras, converted once and committed.

Run it in the training environment to make them again; the tests read the committed files and need no TensorFlow.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tf_keras

HERE = Path(__file__).parent


def dense_dynamic_range() -> bytes:
    """Two dense layers of dynamic range: FULLY_CONNECTED version 12, which tflite-runtime 2.14 does not have."""
    given = tf_keras.Input((16,), batch_size=1)
    model = tf_keras.Model(given, tf_keras.layers.Dense(4)(tf_keras.layers.Dense(70)(given)))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


def lstm_int8() -> bytes:
    """A fused LSTM in int8, whose state lives on from one run to the next unless it is reset."""
    given = tf_keras.Input((10, 8), batch_size=1)
    model = tf_keras.Model(given, tf_keras.layers.Dense(3)(tf_keras.layers.LSTM(32)(given)))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [np.random.default_rng(seed).normal(size=(1, 10, 8)).astype(np.float32)] for seed in range(8)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


if __name__ == "__main__":
    tf.random.set_seed(0)
    for make in (dense_dynamic_range, lstm_int8):
        (HERE / f"{make.__name__}.tflite").write_bytes(make())
