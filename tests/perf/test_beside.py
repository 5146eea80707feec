from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pytest

from edgesense.errors import PipelineError, WorkerFailed
from edgesense.perf import gate, measure, origins
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Baseline, Job, Known, Measurement, Origin, Paired, Reading

TEST = "tests/test_it.py::test_it"


@dataclass(frozen=True)
class Clock(Table):
    """A device whose calls take as long as ``seconds.txt`` of the workload says; each stage half as long.

    Attributes:
        fails: What is raised instead: (the seconds that are asked for, what is done) -> error.
    """

    fails: Callable[[str, str], Exception | None] = lambda _, __: None

    def session(self, job: Job, options: Mapping[str, Any]) -> Talk:
        return Talk(self, job, options)


@dataclass
class Talk:
    """Says of a workload what a worker would, without one."""

    device: Clock
    job: Job
    options: Mapping[str, Any]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def opened(self) -> dict[str, Any]:
        self._fail("open")
        return {"open": True, "item": "", "stages": (self.job.root / "stages.txt").read_text().split()}

    def do(self, what: str, **details: Any) -> dict[str, Any]:
        self._fail(what)
        if what == "warm":
            return {"seconds_per_call": 0.01, "warm_up_calls": 1}
        if what == "block":
            parts = {"calls": 1.0, "calls.features": 0.5, "calls.inference": 0.5}
            seconds = float(self._text())
            return {"series": {one: [seconds * parts[one]] * details["calls"] for one in self.options["series"]}}
        content = (self.job.root / "seconds.txt").read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return {"source": {"digest": "code", "modules": 1}, "files": {"seconds.txt": digest}}

    def _text(self) -> str:
        return (self.job.root / "seconds.txt").read_text()

    def _fail(self, what: str) -> None:
        error = self.device.fails(self._text(), what)
        if error is not None:
            raise error


@dataclass
class Project:
    """A workload of 10 ms that is committed with its baseline, and of 11 ms in the working tree."""

    repository: Any
    job: Job
    baseline: Baseline
    record: Path
    device: Clock

    def fails(self, how: Callable[[str, str], Exception | None]) -> None:
        self.device = replace(self.device, fails=how)

    def beside(self, **settings: Any) -> dict[str, Paired]:
        given = {"device": self.device, "baseline": self.baseline, "allowed": {}} | settings
        return measure.beside(job=given.pop("job", self.job), record=self.record, **given)


@pytest.fixture
def project(repository: Any) -> Project:
    """Return such a project."""
    repository.write("seconds.txt", "0.010")
    repository.write("stages.txt", "features inference")
    job = Job("parity:make", repository.top, ("latency_ms",), (("latency_ms", 1.0),), project=repository.top)
    device = Clock({}, name="host")
    made = origins.ask(device, job).origin
    baseline = Baseline(TEST, "host", {}, {}, {}, origin=made)
    store = DirectoryStore(repository.top / "baselines")
    store.save([baseline])
    repository.commit()
    repository.git("tag", "v1")
    repository.write("seconds.txt", "0.011")
    return Project(repository, job, baseline, store.path(TEST, "host"), device)


def staged(project: Project) -> Job:
    names = ("features_ms", "latency_ms")
    return replace(project.job, metrics=names, bounds=tuple((name, 1.0) for name in names))


def test_a_slower_candidate_is_measured_beside_the_baseline_as_it_was(project: Project) -> None:
    paired = project.beside()["latency_ms"]
    assert set(paired.baseline) == {0.010}
    assert set(paired.candidate) == {0.011}
    assert paired.against == f"commit {project.repository.git('rev-parse', '--short=7', 'v1')}"
    assert gate.decide(paired).change == pytest.approx(0.1)


def test_a_ref_takes_the_place_of_the_baseline(project: Project) -> None:
    paired = project.beside(baseline=None, against="v1")["latency_ms"]
    assert set(paired.baseline) == {0.010}
    assert paired.against.startswith("v1 (")


def test_the_allowed_change_is_the_gates_limit(project: Project) -> None:
    assert len(project.beside()["latency_ms"].baseline) == gate.Rule().at_most
    assert len(project.beside(allowed={"latency_ms": 0.5})["latency_ms"].baseline) == gate.Rule().first // 2 + 1


def test_stages_are_compared_as_the_whole_is(project: Project) -> None:
    paired = project.beside(job=staged(project))
    assert set(paired["features_ms"].baseline) == {0.005}
    assert set(paired["latency_ms"].baseline) == {0.010}


def test_a_stage_that_the_baseline_had_not_is_refused_and_the_whole_compared(project: Project) -> None:
    project.repository.write("stages.txt", "inference")
    project.repository.commit()
    project.repository.git("tag", "v2")
    project.repository.write("stages.txt", "features inference")
    paired = project.beside(job=staged(project), against="v2")
    assert paired["features_ms"] == Paired(refused="the baseline's pipeline has no stage 'features'")
    assert paired["latency_ms"].baseline


def test_a_stage_that_the_candidate_has_not_is_refused(project: Project) -> None:
    project.repository.write("stages.txt", "inference")
    paired = project.beside(job=staged(project))
    assert paired["features_ms"] == Paired(refused="the pipeline has no stage 'features'")


def test_no_baseline_is_said_to_be_absent(project: Project) -> None:
    assert project.beside(baseline=None) == {"latency_ms": Paired(absent="no baseline")}


def test_a_baseline_that_names_no_pipeline_is_refused_for_each_limit(project: Project) -> None:
    paired = project.beside(baseline=replace(project.baseline, origin=None), job=staged(project))
    assert set(paired) == {"features_ms", "latency_ms"}
    assert all(one.refused.startswith("the baseline names no pipeline") for one in paired.values())


def test_a_device_without_a_clock_compares_nothing(project: Project) -> None:
    assert project.beside(device=Table({})) == {}


def test_limits_that_are_not_gated_are_left_out(project: Project) -> None:
    job = replace(project.job, metrics=("size_kb",), bounds=(("size_kb", 1.0),))
    assert project.beside(job=job) == {}


def test_a_baseline_that_cannot_be_opened_is_refused(project: Project) -> None:
    project.fails(lambda text, _: PipelineError("too old") if text == "0.010" else None)
    assert project.beside() == {"latency_ms": Paired(refused="the baseline's pipeline does not run any more: too old")}


def test_what_the_candidate_refuses_is_raised(project: Project) -> None:
    project.fails(lambda text, _: PipelineError("broken") if text == "0.011" else None)
    with pytest.raises(PipelineError, match=r"^broken$"):
        project.beside()


def test_pairs_that_are_all_lost_are_counted_with_the_reason(project: Project) -> None:
    project.fails(lambda text, what: WorkerFailed("it died:\n  Killed") if what == "warm" else None)
    paired = project.beside()["latency_ms"]
    assert (paired.discarded, paired.baseline) == (gate.Rule().first, ())
    assert paired.notes == ("a pair was discarded: it died (Killed)",)
    assert paired.against.startswith("commit ")


def test_nothing_of_the_arms_is_left(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    project.beside()
    assert list(scratch.iterdir()) == []
    assert (project.repository.top / "seconds.txt").read_text() == "0.011"


class Probed(Clock):
    """Has measured in a process that imported more than a run does."""

    def run(self, job: Job, directory: Path) -> Measurement:
        reading = Reading(1.0, 1.0, 1.0, Known.MEASURED)
        return Measurement("host", {}, {}, dict.fromkeys(job.metrics, reading), origin=Origin(job.workload, {}, "more"))


def test_a_timed_measurement_says_what_a_run_of_it_is_made_of(project: Project) -> None:
    found = measure.measure(Probed({}), project.job)
    assert found.origin == origins.ask(project.device, project.job).origin


@pytest.mark.parametrize("change", [{"project": None}, {"metrics": ("size_kb",), "bounds": (("size_kb", 1.0),)}])
def test_any_other_measurement_says_what_its_device_says(project: Project, change: dict[str, Any]) -> None:
    found = measure.measure(Probed({}), replace(project.job, **change))
    assert found.origin == Origin("parity:make", {}, "more")
