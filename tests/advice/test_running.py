from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from edgesense import advice
from edgesense.advice import running, shared, subject
from edgesense.advice.case import Case
from edgesense.advice.records import Accuracy, Advice, Gain, Mark, Standing
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Job, Known, Reading
from edgesense.perf.units import KIBIBYTE, MILLION, MILLISECOND, Unit
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes
from edgesense.tiny_pipeline import tiny_pipeline


class Silent:
    def begin(self, seconds: float) -> None: ...

    def doing(self, what: str) -> None: ...

    def done(self, seconds: float) -> None: ...


def board(features: float = 6e6, inference: float = 4e6) -> Table:
    parts = {"features": features, "inference": inference}
    total = features + inference
    readings: Mapping[str, Reading] = {
        "instructions_m": Reading(total, total, total, Known.COUNTED, parts=parts),
        "features_ms": Reading(0.005, 0.002, 0.008, Known.PREDICTED),
        "inference_ms": Reading(0.040, 0.020, 0.080, Known.PREDICTED),
    }
    return Table(readings, name="pi")


def report(path: Path, device: Table, *names: str, quick: bool = False):
    job = Job(path.name, path.parent, ())
    return running.run(subject.read(path), device, job, advice.chosen(names), Silent(), quick=quick)


def planted(path: Path) -> Path:
    """An integer model in which one SOFTMAX computes in float, behind a DEQUANTIZE."""
    import numpy as np

    tensors = [
        TensorSpec("features", (1, 16), "int8", None, 0.1, 0),
        TensorSpec("weights", (5, 16), "int8", np.ones((5, 16), np.int8), 0.1, 0),
        TensorSpec("bias", (5,), "int32", np.zeros(5, np.int32), 0.01),
        TensorSpec("scores", (1, 5), "int8", None, 0.1, 0),
        TensorSpec("wide", (1, 5)),
        TensorSpec("probabilities", (1, 5)),
    ]
    operators = [
        OperatorSpec("FULLY_CONNECTED", (0, 1, 2), (3,), 4, (8, {})),
        OperatorSpec("DEQUANTIZE", (3,), (4,), 2, None),
        OperatorSpec("SOFTMAX", (4,), (5,), 1, None),
    ]
    path.write_bytes(to_bytes(Graph(tensors, operators, (0,), (5,), {})))
    return path


def test_a_float_operator_in_an_integer_model_is_named(tmp_path: Path) -> None:
    found = report(planted(tmp_path / "planted.tflite"), board(), "float_operators", quick=True)
    (said,) = found.advice
    assert said.title == "Float operators left: SOFTMAX x1"
    assert said.why[0] == "1 of 3 operators compute in float: SOFTMAX x1"
    assert next(box for box in found.boxes if box.name == "float_operators").tick.mark is Mark.NOT_MET


def test_an_integer_model_without_one_has_its_box_ticked(tmp_path: Path) -> None:
    path = tiny_model(tmp_path / "int8.tflite", dtype="int8")
    found = report(path, board(), "float_operators", quick=True)
    assert found.advice == ()
    assert found.boxes[0].tick.mark is Mark.MET


@pytest.mark.parametrize(("features", "named"), [(6e6, True), (4e6, False)])
def test_features_that_take_most_of_the_work_are_named(tmp_path: Path, features: float, named: bool) -> None:
    path = tiny_pipeline(tmp_path / "whole", trained_on=10, clips=None)
    found = report(path, board(features, 5e6), "features_share")
    assert bool(found.advice) is named
    assert found.boxes[0].tick.mark is (Mark.NOT_MET if named else Mark.MET)


def test_a_target_is_met_only_where_its_whole_interval_is(tmp_path: Path) -> None:
    path = tiny_pipeline(tmp_path / "whole", trained_on=10, clips=None)
    marks = {one.limit: one.tick.mark for one in report(path, board(), "features_share").targets}
    assert marks["features_ms"] is Mark.MET
    assert marks["inference_ms"] is Mark.UNKNOWN
    assert marks["size_kb"] is Mark.MET
    assert marks["acc"] is Mark.UNKNOWN


def test_without_a_float_pipeline_a_conversion_says_why_it_was_not_tried(tmp_path: Path) -> None:
    path = tiny_pipeline(tmp_path / "whole", trained_on=10, clips=None, dtype="int8")
    (said,) = report(path, board(), "dynamic_range").advice
    assert not said.tried
    assert said.untried == "there is no float32 pipeline to convert from: pipeline.json has no key 'reference'"


def test_a_reference_that_is_gone_is_told_and_not_raised(tmp_path: Path) -> None:
    path = tiny_pipeline(tmp_path / "whole", trained_on=10, clips=None, dtype="int8", reference="../gone")
    (said,) = report(path, board(), "dynamic_range").advice
    assert "its reference cannot be read" in said.untried


def test_an_interrupt_keeps_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(case: Case) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(advice.get("prune"), "consider", stopped)
    path = tiny_pipeline(tmp_path / "whole", trained_on=10, clips=None)
    found = report(path, board(), "features_share", "prune", "columns")
    assert found.interrupted
    assert [one.name for one in found.advice] == ["features_share"]
    whys = {box.name: box.tick.why for box in found.boxes}
    assert whys["columns"] == "interrupted before it was looked at"


def gain(before: float, after: float, limit: str = "instructions_m", unit: Unit = MILLION) -> Gain:
    return Gain("a call", limit, unit, before, after, after, after, Known.COUNTED, "pi")


def test_what_helps_a_missed_target_comes_before_a_larger_gain_elsewhere() -> None:
    small = Advice("size", "", (), "", (gain(10, 1, "size_kb", KIBIBYTE),), tried=True, standing=Standing.DO)
    work = Advice("work", "", (), "", (gain(10, 9),), tried=True, standing=Standing.DO)
    more = Advice("more", "", (), "", (gain(10, 5),), tried=True, standing=Standing.DO)
    later = Advice("later", "", (), "", (gain(10, 0),))
    assert [one.name for one in running.ranked([later, small, work, more], frozenset({"instructions_m"}))] == [
        "more",
        "work",
        "size",
        "later",
    ]


def test_a_count_that_only_differs_by_its_tolerance_is_no_gain() -> None:
    assert not gain(1000, 996).sure
    assert gain(1000, 990).sure
    assert not Gain("a call", "latency_ms", MILLISECOND, 1.0, 0.9, 0.8, 0.98, Known.MEASURED, "host").sure


@pytest.mark.parametrize(("work", "came"), [(9, Standing.DO), (10, Standing.DO), (11, Standing.COSTS)])
def test_a_smaller_file_that_needs_more_work_is_no_plain_gain(work: float, came: Standing) -> None:
    gains = (gain(10, 8, "size_kb", KIBIBYTE), gain(10, work))
    assert shared.standing(gains, None) is came


def test_lost_right_answers_are_a_cost() -> None:
    lost = Accuracy(0.89, 0.765, 0.7, 0.82, lost=31, gained=6, p=4e-5, clips=200, judged_on="clips")
    assert shared.standing((gain(10, 5),), lost) is Standing.COSTS
    assert shared.standing((gain(10, 10),), lost) is Standing.NOTHING
