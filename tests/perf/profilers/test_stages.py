from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.perf.cases import Case
from edgesense.perf.profilers.stages import Stages
from edgesense.perf.records import Job, Known, Measurement, Paired, Reading
from edgesense.tiny_pipeline import tiny_pipeline

LIMITS = frozenset({"latency_ms"})


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case about a pipeline of two stages, alone."""
    tiny_pipeline(tmp_path / "pipeline")
    return Case(Job("pipeline", tmp_path, ("latency_ms",)), "host", LIMITS, alone="no baseline")


def test_the_gates_own_pairs_are_told_where_they_have_every_stage(tmp_path: Path) -> None:
    features = Paired((1e-3,) * 5, (1.083e-3,) * 5)
    inference = Paired((6e-4,) * 5, (6.01e-4,) * 5)
    measurement = Measurement("host", {}, {}, {}, paired={"features_ms": features, "inference_ms": inference})
    (attachment,) = Stages().profile(Case(Job("m", Path(), ()), "host", LIMITS, measurement), tmp_path)
    assert attachment.summary == ("features +0.083 ms, inference +0.001 ms",)
    assert attachment.kind == "stages"


def test_both_pipelines_are_timed_stage_by_stage_in_pairs(case: Case, tmp_path: Path) -> None:
    beside = replace(case, baseline=case.job, against="commit abc")
    (attachment,) = Stages(pairs=1).profile(beside, tmp_path)
    assert attachment.summary[0].startswith(("features +", "features -"))
    assert ", inference " in attachment.summary[0]
    assert attachment.path is not None
    assert "in 1 pairs, this computer, beside commit abc" in attachment.path.read_text(encoding="utf-8")


def test_a_pipeline_without_a_baseline_has_the_times_themselves_and_why(case: Case, tmp_path: Path) -> None:
    (attachment,) = Stages().profile(case, tmp_path)
    assert "+" not in attachment.summary[0]
    assert attachment.path is not None
    assert "without a difference: no baseline" in attachment.path.read_text(encoding="utf-8")


def test_a_baseline_that_does_not_run_is_no_failure(case: Case, tmp_path: Path) -> None:
    gone = replace(case.job, workload="gone")
    (attachment,) = Stages().profile(replace(case, baseline=gone, against="commit abc", alone=""), tmp_path)
    assert attachment.path is not None
    assert "without a difference: commit abc: " in attachment.path.read_text(encoding="utf-8")


def test_a_boards_times_from_here_are_told_as_such(case: Case, tmp_path: Path) -> None:
    (attachment,) = Stages().profile(replace(case, device="lab-pi"), tmp_path)
    assert attachment.title == "time by stage, run here, not on lab-pi"
    assert attachment.summary[0].endswith("(run here, not on lab-pi)")


def test_a_board_whose_instructions_are_counted_needs_no_clock(case: Case, tmp_path: Path) -> None:
    counted = {"instructions_m": Reading(1e6, 1e6, 1e6, Known.COUNTED)}
    measurement = Measurement("pi", {}, {}, counted)
    assert Stages().profile(replace(case, device="pi", measurement=measurement), tmp_path) == []


def test_a_pipeline_of_one_stage_has_nothing_to_tell(tmp_path: Path, model_job: Job) -> None:
    assert Stages().profile(Case(model_job, "host", LIMITS), tmp_path) == []
