from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.perf.records import Job


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep locks out of the user's cache."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


WORKLOAD = '''
from pathlib import Path

HERE = Path(__file__).parent


class Workload:
    """Says whether a number is odd, in two stages; files, labels and a reference as a pipeline has them."""

    def artifacts(self):
        return [HERE / "model.bin"]

    def example(self):
        return 7

    def run(self, item):
        return self._label(self._features(item))

    @property
    def stages(self):
        return {"features": self._features, "inference": self._label}

    def _features(self, item):
        return item % 2

    def _label(self, remainder):
        return "odd" if remainder else "even"

    def labelled(self):
        return [(number, "odd" if number % 2 else "even") for number in range(20)]

    def reference(self):
        return Workload()

    def subject(self):
        return {"model": "parity", "runtime": "python"}


def make():
    return Workload()
'''


@pytest.fixture(scope="session")
def write_job() -> Callable[..., Job]:
    """Return a function that writes a workload of plain Python into a directory and makes a job for it."""

    def write(directory: Path, source: str = "", *metrics: str, **settings: object) -> Job:
        (directory / "model.bin").write_bytes(bytes(2048))
        (directory / "parity.py").write_text(WORKLOAD + textwrap.dedent(source), encoding="utf-8")
        given: dict[str, object] = {"seconds": 0.05, "patience_seconds": 0.1, "timeout_seconds": 60.0} | settings
        return Job("parity:make", directory, metrics, sys_path=(str(directory),), **given)  # type: ignore[arg-type]

    return write


@pytest.fixture
def job(tmp_path: Path, write_job: Callable[..., Job]) -> Callable[..., Job]:
    """Return the same function for this test's own directory."""
    return functools.partial(write_job, tmp_path)
