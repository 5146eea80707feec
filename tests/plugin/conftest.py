from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import pytest_edgesense
from edgesense import perf, report
from edgesense.perf import metrics

# pytester forgets the modules that a run in this process imports: of what is imported later, there would be two copies,
# and each run would import all of it once more.
for package in (perf, report, pytest_edgesense):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)

CONFTEST = """
import json
import pathlib
from dataclasses import replace

from edgesense.errors import WorkerFailed
from edgesense.perf import measure, schema
from edgesense.perf.devices.table import PairingTable, Table
from edgesense.perf.records import Known, Origin, Paired

HERE = pathlib.Path(__file__).parent


class Counted:
    def run(self, job, directory):
        with (HERE / "runs.txt").open("a") as file:
            print(self.name, job.workload, *job.metrics, file=file)
        return super().run(job, directory)


class Alone(Counted, Table):
    pass


class Pairing(Counted, PairingTable):
    def run(self, job, directory):
        origin = Origin(job.workload, {}, json.loads((HERE / "pairs.json").read_text()).get("source", ""))
        return replace(super().run(job, directory), origin=origin)


def beside(device, job, baseline, record, *, allowed, against=None):
    with (HERE / "pairs.txt").open("a") as file:
        print(device.name, job.workload, json.dumps(allowed), against, record.name, file=file)
    said = json.loads((HERE / "pairs.json").read_text())
    if "failed" in said:
        raise WorkerFailed(said["failed"])
    source, change = said.pop("source", ""), said.pop("change", None)
    more = {**said, "notes": tuple(said.get("notes", ()))}
    if baseline is None:
        more = {"absent": "no baseline"}
    elif change is not None:
        more |= {"baseline": (0.01,) * 15, "candidate": (0.01 * (1 + change),) * 15}
    return dict.fromkeys(measure.gated(device, job), Paired(**more))


def pytest_edge_devices(config):
    said = json.loads((HERE / "devices.json").read_text())
    pairing = (HERE / "pairs.json").exists()
    if pairing:
        config.add_cleanup(lambda real=measure.beside: setattr(measure, "beside", real))
        measure.beside = beside
    return [
        (Pairing if pairing else Alone)(
            {limit: schema.load_reading(one) for limit, one in readings.items()},
            name=name,
            limits={"instructions_m": Known.COUNTED},
        )
        for name, readings in said.items()
    ]
"""


class Project:
    """A project in a temporary directory, whose devices answer from a table."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root: Path = pytester.path
        self.devices: dict[str, dict[str, Any]] = {}
        self.write("conftest.py", CONFTEST)
        self.write("model.tflite", "a table does not open it")
        self.ini()
        self.device("table", size_kb=10.0, acc=0.9)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def tests(self, text: str, name: str = "test_it.py") -> None:
        self.write(name, f"import pytest\nfrom pytest_edgesense import edge_budget\n\n{text}\n")

    def ini(self, **keys: str) -> None:
        """Write pytest.ini; one device and one pipeline unless they are given, "" for none."""
        keys = {"edge_device": "table", "edge_pipeline": "model.tflite", **keys}
        lines = [f"{key} = {value}" for key, value in keys.items() if value]
        self.write("pytest.ini", "\n".join(["[pytest]", *lines, ""]))

    def device(self, name: str, /, **readings: Any) -> None:
        """Give a device its readings, in the limits' units; a tuple is (value, low, high, known)."""
        self.devices[name] = {limit: _reading(limit, said) for limit, said in readings.items()}
        self.write("devices.json", json.dumps(self.devices))

    def pairs(self, **said: Any) -> None:
        """Let the devices pair, and say what comes of it.

        Args:
            said: `change`, a share; `source`, the code's digest; or fields of a `Paired`.
        """
        self.write("pairs.json", json.dumps(said))

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.pytester.runpytest_inprocess(*self._always(), *arguments)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run in a process of its own, as a user does."""
        return self.pytester.runpytest_subprocess(*self._always(), *arguments)

    def run_two(self, *arguments: str) -> pytest.RunResult:
        """Run on two workers of xdist."""
        pytest.importorskip("xdist")
        return self.run_apart("-p", "xdist", "-n", "2", *arguments)

    @staticmethod
    def _always() -> tuple[str, ...]:
        # These tests may have imported the plugin before the pytest under test does; it has no assert to rewrite.
        rewriting = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        return ("-p", "pytest_edgesense.plugin", "-W", "error", *rewriting, "--strict-markers")

    @property
    def runs(self) -> list[str]:
        """What was measured: device, pipeline and metrics of each run."""
        path = self.root / "runs.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def paired(self) -> list[str]:
        """What was measured side by side: device, pipeline, allowed changes, commit and record of each."""
        path = self.root / "pairs.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """The stored baselines, in the limits' units: "device/test" -> limit -> number."""
        found = {}
        for path in sorted((self.root / "baselines").glob("*/*.json")):
            body = json.loads(path.read_text(encoding="utf-8"))
            found[f"{body['device']}/{body['test']}"] = {
                limit: metrics.find(limit).unit.from_base(one["value"]) for limit, one in body["readings"].items()
            }
        return found


def _reading(limit: str, said: float | tuple[float, float, float, str]) -> dict[str, Any]:
    value, low, high, known = said if isinstance(said, tuple) else (said, said, said, "exact")
    to_base = metrics.find(limit).unit.to_base
    return {"value": to_base(value), "low": to_base(low), "high": to_base(high), "known": known, "n": 1}


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No build server, no worker of xdist around it, no plugins but the named ones, a cache of the test's own."""
    ours = ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", *ours):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)
