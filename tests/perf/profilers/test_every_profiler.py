from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf import locks, metrics, profilers
from edgesense.perf.records import Attachment, Job

NAMES = [info.name for info in pkgutil.iter_modules(profilers.__path__) if not info.name.startswith("_")]
JOB = Job("m", Path(), ())


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
    measured = {name for name, metric in metrics.every().items() if metric.unit.base in {"s", "instructions"}}
    assert measured | {"rss_mb"} <= explained


@dataclass(frozen=True)
class Fake:
    name: str
    explains: frozenset[str] = frozenset()
    act: Callable[[Path], None] = lambda directory: None

    def profile(self, job: Job, directory: Path, *, device: str) -> Attachment:
        self.act(directory)
        return Attachment(f"{self.name} of {device}", directory / self.name)


def fakes(monkeypatch: pytest.MonkeyPatch, *given: Fake) -> None:
    monkeypatch.setattr(profilers, "every", lambda: given)


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
    attachments = profilers.explain(JOB, limits, tmp_path / "made/here", device="pi")
    assert [attachment.title for attachment in attachments] == [f"{name} of pi" for name in order]
    assert attachments[0].path == tmp_path / "made/here" / order[0]


@pytest.mark.parametrize("error", [MeasurementError("no tool"), OSError("no tool"), ZeroDivisionError("no tool")])
def test_a_profiler_that_cannot_run_leaves_its_reason_and_the_others_run(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(directory: Path) -> None:
        raise error

    fakes(monkeypatch, Fake("broken", act=fail), MEMORY)
    first, second = profilers.explain(JOB, [], tmp_path)
    assert first == Attachment("no broken profile", None, "no tool")
    assert second.path is not None


def test_an_error_without_words_is_named_by_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(directory: Path) -> None:
        raise KeyError

    fakes(monkeypatch, Fake("broken", act=fail))
    assert profilers.explain(JOB, [], tmp_path)[0].reason == "KeyError"


def test_a_directory_that_cannot_be_made_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes(monkeypatch, TIME)
    (tmp_path / "file").write_text("")
    (attachment,) = profilers.explain(JOB, [], tmp_path / "file" / "below")
    assert attachment.path is None
    assert "Not a directory" in attachment.reason


def test_nobody_measures_on_this_computer_while_it_is_profiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def try_to_measure(directory: Path) -> None:
        with ExitStack() as stack:
            assert not locks.take("host", stack)

    fakes(monkeypatch, Fake("busy", act=try_to_measure))
    assert profilers.explain(JOB, [], tmp_path)[0].reason == ""
