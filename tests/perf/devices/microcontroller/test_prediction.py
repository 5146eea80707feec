from __future__ import annotations

import math
from dataclasses import replace

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf.devices.microcontroller import chip, prediction
from edgesense.perf.records import Known

CHIPS = {one.core: one for one in chip.known()}
KINDS = ["pointwise", "convolution", "depthwise", "dense", "elements", "reference", "float"]
SAID = {
    "work": {"pointwise": 1e6, "recurrent": 1e5},
    "features": {"ram_bytes": 1, "operations": 1e6, "logarithms": 1e4},
}


@pytest.mark.parametrize("core", CHIPS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_kernel_has_published_cycles_on_each_core(core: str, kind: str) -> None:
    one = prediction.cycles(core, kind)
    assert 0 < one.low < one.typical < one.high
    assert one.published >= 1


def test_every_figure_has_a_source_that_is_named() -> None:
    document = prediction._document()
    for entry in (*document["kernel"], *document["model"]):
        assert document["source"][entry["source"]]["title"]


@pytest.mark.parametrize("model", prediction.models(), ids=lambda one: f"{one['name']} on {one['core']}")
def test_a_published_model_lies_within_what_its_kernels_predict(model: dict[str, object]) -> None:
    found = prediction.inference(model["work"], CHIPS[str(model["core"])])  # type: ignore[arg-type]  # of a TOML file
    assert found.low < float(str(model["ms"])) / 1e3 < found.high
    # What is typical is no worse than a factor of two off.
    assert abs(math.log2(found.value * 1e3 / float(str(model["ms"])))) < 1


def test_the_published_models_have_the_multiply_accumulates_that_are_said_of_them() -> None:
    for model in prediction.models():
        assert sum(work for kind, work in model["work"].items() if kind != "elements") == pytest.approx(
            7.158e6, rel=1e-4
        )


def test_times_are_predicted_and_end_to_end_is_the_sum_of_the_stages() -> None:
    found = prediction.predict(SAID, "int8", CHIPS["lx7"])
    assert found.keys() == {"", "features", "inference"}
    for end in ("low", "value", "high"):
        stages = [getattr(found[name], end) for name in ("features", "inference")]
        assert getattr(found[""], end) == pytest.approx(sum(stages))
    assert {one.known for one in found.values()} == {Known.PREDICTED}


def test_a_model_alone_has_no_front_end() -> None:
    assert prediction.predict({"work": SAID["work"]}, "int8", CHIPS["lx6"]).keys() == {"", "inference"}


def test_a_slower_clock_takes_longer_and_widens_the_interval() -> None:
    usual = CHIPS["lx6"]
    slow = replace(usual, clock_hz=(80e6, 240e6, 240e6))
    before, after = (prediction.inference(SAID["work"], one) for one in (usual, slow))
    assert (after.low, after.value) == (before.low, before.value)
    assert after.high == pytest.approx(3 * before.high)


def test_operators_without_kernels_of_their_own_are_named() -> None:
    assert "ESP-NN has no kernels for recurrent layers" in prediction.inference(SAID["work"], CHIPS["lx7"]).note
    assert "no kernels" not in prediction.inference({"pointwise": 1.0}, CHIPS["lx7"]).note


@pytest.mark.parametrize("dtype", ["float32", "int16x8", ""])
def test_only_int8_has_published_times(dtype: str) -> None:
    with pytest.raises(NotMeasured, match="ESP-NN has int8 kernels alone"):
        prediction.predict(SAID, dtype, CHIPS["lx7"])
