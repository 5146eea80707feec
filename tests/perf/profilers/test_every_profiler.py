from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf import artifacts, locks, metrics, origins, profilers
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.devices import host
from edgesense.perf.profilers import _case
from edgesense.perf.records import Baseline, Job
from edgesense.runtime.tiny import tiny_model

NAMES = [info.name for info in pkgutil.iter_modules(profilers.__path__) if not info.name.startswith("_")]
CASE = Case(Job("m", Path(), ()), "host", frozenset({"latency_ms"}))


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{profilers.__name__}.{request.param}")


def test_each_module_says_what_it_is_about(module: ModuleType) -> None:
    assert (module.__doc__ or "").strip()


def test_each_module_defines_profilers_that_conform(module: ModuleType) -> None:
    assert module.PROFILERS
    for profiler in module.PROFILERS:
        assert profiler.name
        assert profiler.explains
        assert callable(profiler.profile)
        assert profiler in profilers.every()


def test_each_module_has_a_test_of_its_own(module: ModuleType) -> None:
    assert (Path(__file__).parent / f"test_{module.__name__.rpartition('.')[2]}.py").exists()


def test_each_time_and_each_memory_is_explained_by_someone() -> None:
    explained = {limit for profiler in profilers.every() for limit in profiler.explains}
    assert set(metrics.every()) <= explained
    measured = {name for name, metric in metrics.every().items() if metric.unit.base in {"s", "instructions"}}
    assert measured | {"rss_mb"} <= {limit for one in profilers.every() if one.cost > 0 for limit in one.explains}


@dataclass(frozen=True)
class Fake:
    name: str
    explains: frozenset[str] = frozenset()
    act: Callable[[Path], None] = lambda directory: None
    always: bool = True
    cost: float = 1.0

    def profile(self, case: Case, directory: Path) -> list[Attachment]:
        self.act(directory)
        told = case.against or case.alone
        return [Attachment(f"{self.name} of {case.device}", directory / self.name, summary=(told,) if told else ())]


def fakes(monkeypatch: pytest.MonkeyPatch, *given: Fake) -> None:
    monkeypatch.setattr(profilers, "every", lambda: given)


@dataclass(frozen=True)
class Sized(Fake):
    """Tells the size of the baseline's model."""

    def profile(self, case: Case, directory: Path) -> list[Attachment]:
        assert case.baseline is not None, case.alone
        facts = _case.facts(case.baseline, "edgesense.perf.metrics.size:probe")
        return [Attachment("", None, summary=(f"{facts['artifacts']['tiny.tflite']['bytes']} bytes, {case.against}",))]


TIME = Fake("time", frozenset({"latency_ms"}))
MEMORY = Fake("memory", frozenset({"rss_mb"}))


@pytest.mark.parametrize(
    ("limits", "order"),
    [(["rss_mb"], ["memory", "time"]), (["latency_ms"], ["time", "memory"]), (["acc"], ["time", "memory"])],
)
def test_both_profiles_are_attached_the_one_that_explains_the_broken_limit_first(
    limits: list[str], order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes(monkeypatch, TIME, MEMORY)
    case = Case(CASE.job, "pi", frozenset(limits))
    attachments = profilers.explain(case, tmp_path / "made/here")
    assert [attachment.title for attachment in attachments] == [f"{name} of pi" for name in order]
    assert attachments[0].path == tmp_path / "made/here" / order[0]


@pytest.mark.parametrize("error", [MeasurementError("no tool"), OSError("no tool"), ZeroDivisionError("no tool")])
def test_a_profiler_that_cannot_run_leaves_its_reason_and_the_others_run(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(directory: Path) -> None:
        raise error

    fakes(monkeypatch, Fake("broken", act=fail), MEMORY)
    first, second = profilers.explain(CASE, tmp_path)
    assert first == Attachment("no broken profile", None, "no tool")
    assert second.path is not None


def test_an_error_without_words_is_named_by_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(directory: Path) -> None:
        raise KeyError

    fakes(monkeypatch, Fake("broken", act=fail))
    assert profilers.explain(CASE, tmp_path)[0].reason == "KeyError"


def test_a_directory_that_cannot_be_made_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes(monkeypatch, TIME)
    (tmp_path / "file").write_text("")
    (attachment,) = profilers.explain(CASE, tmp_path / "file" / "below")
    assert attachment.path is None
    assert "Not a directory" in attachment.reason


def test_nobody_measures_on_this_computer_while_it_is_profiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def try_to_measure(directory: Path) -> None:
        with ExitStack() as stack:
            assert not locks.take("host", stack)

    fakes(monkeypatch, Fake("busy", act=try_to_measure))
    assert profilers.explain(CASE, tmp_path)[0].reason == ""


def test_of_two_that_help_the_cheaper_one_goes_first_and_one_that_does_not_help_is_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = frozenset({"latency_ms"})
    slow, cheap = Fake("slow", time, cost=9.0), Fake("cheap", time, cost=0.5)
    other = Fake("other", frozenset({"acc"}), always=False)
    fakes(monkeypatch, slow, other, MEMORY, cheap)
    assert profilers.chosen({"latency_ms"}) == [cheap, slow, MEMORY]


def test_what_was_profiled_before_is_not_profiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes(monkeypatch, TIME, MEMORY)
    known = [Attachment("known", None)]
    asked: list[str] = []

    def once(name: str, make: Callable[[], Sequence[Attachment]]) -> Sequence[Attachment]:
        asked.append(name)
        return known if name == "time" else make()

    found = profilers.explain(CASE, tmp_path, once=once)
    assert asked == ["time", "memory"]
    assert [one.title for one in found] == ["known", "memory of host"]


def test_why_the_baselines_pipeline_cannot_be_run_is_told_to_every_profiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes(monkeypatch, TIME, MEMORY)
    found = profilers.explain(CASE, tmp_path, record=tmp_path / "baselines/host/a.json")
    assert [one.summary for one in found] == [("no baseline",), ("no baseline",)]


def test_the_baselines_pipeline_is_run_as_it_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_job: Job
) -> None:
    job = replace(model_job, project=tmp_path)
    origin = origins.ask(host.Host(), job).origin
    store = DirectoryStore(tmp_path / "baselines")
    assert origin is not None
    stored = Baseline("t", "host", {}, {}, {}, origin=origin)
    store.save([stored])
    artifacts.keep_for(origin, tmp_path, tmp_path / "baselines")
    before = (tmp_path / "tiny.tflite").stat().st_size
    tiny_model(tmp_path / "tiny.tflite", classes=9)
    fakes(monkeypatch, Sized("size"))
    case = Case(job, "host", frozenset({"latency_ms"}), accepted=stored)
    (told,) = profilers.explain(case, tmp_path / "out", record=store.path("t", "host"))
    assert told.summary == (f"{before} bytes, its stored pipeline",)


def test_a_baseline_that_does_not_say_what_it_was_made_of_is_run_as_its_commit_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Any
) -> None:
    tiny_model(repository.top / "tiny.tflite")
    before = (repository.top / "tiny.tflite").stat().st_size
    store = DirectoryStore(repository.top / "baselines")
    counted = Baseline("t", "pi", {}, {}, {})
    store.save([counted])
    commit = repository.commit()
    tiny_model(repository.top / "tiny.tflite", classes=9)
    fakes(monkeypatch, Sized("size"))
    job = Job("tiny.tflite", repository.top, (), project=repository.top)
    case = Case(job, "pi", frozenset({"instructions_m"}), accepted=counted)
    (told,) = profilers.explain(case, tmp_path / "out", record=store.path("t", "pi"))
    assert told.summary == (f"{before} bytes, commit {commit[:7]}",)
