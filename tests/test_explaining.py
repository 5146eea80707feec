"""Plant a fault and read nothing but the failure's text: it names the cause."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes

pytestmark = pytest.mark.long
MODELS = Path(__file__).parent.parent / "models"
CLIPS = 300
WIDTH = 1024

BUDGETS = """
from pytest_edgesense import edge_budget

@edge_budget(size_kb=1000, pipeline="model.tflite")
def test_operator(): ...

@edge_budget(latency_ms=1e-6, pipeline="models/dscnn-int8")
def test_window(): ...

@edge_budget(latency_ms=1e-6, pipeline="mine:Looping")
def test_loop(): ...

@edge_budget(rss_mb=1000, pipeline="mine:Keeping")
def test_leak(): ...

@edge_budget(acc=0.1, pipeline="mine:Labelling")
def test_labels(): ...
"""
FACTORY = """
from pathlib import Path

import numpy as np

import edgesense.pipeline

LOOPS, KEPT_MB, LABELS = 1, 0, {}


def nearest(frames):
    closest = 1e9
    for one in frames:
        for other in frames[:LOOPS]:
            closest = min(closest, float(abs(one[0] - other[0])))
    return closest


class Shipped:
    def __init__(self):
        self.inner = edgesense.pipeline.open(Path(__file__).parent / "shipped", runtime="litert")
        self.stages = {"features": self.features, "inference": self.inner.stages["inference"]}
        self.artifacts, self.example, self.subject = self.inner.artifacts, self.inner.example, self.inner.subject
        self.labelled_digest = self.inner.labelled_digest

    def features(self, item):
        return self.inner.stages["features"](item)

    def run(self, item):
        return self.stages["inference"](self.features(item))

    def labelled(self):
        for item, label in self.inner.labelled():
            yield item, LABELS.get(label, label)


class Looping(Shipped):
    def features(self, item):
        made = super().features(item)
        nearest(made)
        return made


class Keeping(Shipped):
    kept = []

    def features(self, item):
        self.remember()
        return super().features(item)

    def remember(self):
        self.kept.append(np.ones(KEPT_MB * 2**20, dtype=np.uint8))


class Labelling(Shipped):
    pass
"""


def two_layers(path: Path, head: str) -> None:
    """Write a model of two dense layers; the second computes in int8 or float32."""
    rng = np.random.default_rng(0)
    whole = {"scale": 0.01, "zero_point": 0}
    tensors = [
        TensorSpec("given", (1, 16), "int8", **whole),
        TensorSpec("net/body/MatMul", (WIDTH, 16), "int8", rng.integers(-99, 99, (WIDTH, 16), dtype=np.int8), 0.01),
        TensorSpec("net/body/out", (1, WIDTH), "int8", **whole),
    ]
    body = OperatorSpec("FULLY_CONNECTED", (0, 1, -1), (2,), 4, (8, {}))
    weights = rng.integers(-99, 99, (5, WIDTH), dtype=np.int8)
    if head == "int8":
        tensors += [
            TensorSpec("net/head/MatMul", weights.shape, "int8", weights, 0.01),
            TensorSpec("net/head/out", (1, 5), "int8", **whole),
        ]
        operators = [body, OperatorSpec("FULLY_CONNECTED", (2, 3, -1), (4,), 4, (8, {}))]
    else:
        tensors += [
            TensorSpec("net/head/MatMul", weights.shape, "float32", weights.astype(np.float32)),
            TensorSpec("net/body/float", (1, WIDTH)),
            TensorSpec("net/head/out", (1, 5)),
        ]
        operators = [
            body,
            OperatorSpec("DEQUANTIZE", (2,), (4,), 2),
            OperatorSpec("FULLY_CONNECTED", (4, 3, -1), (5,), 1, (8, {})),
        ]
    path.write_bytes(to_bytes(Graph(tensors, operators, (0,), (len(tensors) - 1,))))


class Project:
    """A user's project in a git repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("models/dscnn-int8", "shipped"):
            shutil.copytree(MODELS / "dscnn-int8", root / name)
            self.edit_pipeline(name, reference=None, labelled={"source": "synthetic", "split": "test", "clips": CLIPS})
        two_layers(root / "model.tflite", "int8")
        (root / "mine.py").write_text(FACTORY, encoding="utf-8")
        (root / "test_budgets.py").write_text(BUDGETS, encoding="utf-8")
        (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.org")
        subprocess.run([shutil.which("git") or "git", *who, *arguments], cwd=self.root, check=True, capture_output=True)

    def edit(self, before: str, after: str) -> None:
        path = self.root / "mine.py"
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def edit_pipeline(self, name: str, **changes: object) -> None:
        path = self.root / name / "pipeline.json"
        body = json.loads(path.read_text(encoding="utf-8"))
        body["features"] |= changes.pop("features", {})
        body = {key: value for key, value in (body | changes).items() if value is not None}
        path.write_text(json.dumps(body), encoding="utf-8")

    def run(self, *options: str, without: str = "") -> str:
        """Run pytest as a user does, in an environment without one variable; return what it printed."""
        command = (
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-p",
            "no:asyncio",
            *options,
        )
        environment = {name: value for name, value in os.environ.items() if name != without}
        done = subprocess.run(command, cwd=self.root, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A red run of five planted faults: what was printed, and its page."""
    project = Project(tmp_path_factory.mktemp("project"))
    # A user at work, not a build: storing baselines is refused there.
    stored = project.run("--update-baselines", "--edge-update=all", "--edge-profile=never", without="CI")
    assert "5 passed" in stored, stored
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "accepted")
    two_layers(project.root / "model.tflite", "float32")
    project.edit_pipeline("models/dscnn-int8", features={"n_fft": 4096})
    project.edit("LOOPS, KEPT_MB, LABELS = 1, 0, {}", 'LOOPS, KEPT_MB, LABELS = None, 12, {"wheeze": "crackle"}')
    return project.run("--edge-report=page"), project.root / "page" / "index.html"


@pytest.fixture(scope="module")
def log(red: tuple[str, Path]) -> dict[str, str]:
    """The texts of five failures, each of one planted fault, by the test's name: one red log of a user's CI."""
    text = red[0].partition("= FAILURES =")[2].partition("= edge budgets =")[0]
    parts = re.split(r"^_+ (test_\w+) _+$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def page(red: tuple[str, Path]) -> dict[str, str]:
    """What the page shows of each failure before anything is opened, by the test's name."""
    rows = re.findall(r"<article .*?</article>", red[1].read_text(encoding="utf-8"), flags=re.DOTALL)
    seen = [html.unescape(re.sub(r"<[^>]*>", "\n", row.partition('<div class="more">')[0])) for row in rows]
    return {match[0]: text for text in seen if (match := re.search(r"test_\w+", text))}


def told(log: dict[str, str], test: str, kind: str) -> str:
    """Return the lines of one kind of a failure's text."""
    found = re.search(rf"^    {kind}:.*\n(?:     .*\n)*", log[test], flags=re.MULTILINE)
    assert found, log[test]
    return found[0]


def test_a_float_operator_is_named_with_its_tensor(log: dict[str, str]) -> None:
    said = told(log, "test_operator", "tensors")
    assert "1 tensor int8 -> float32 (+15.00 KiB): head" in said
    assert "1 more DEQUANTIZE float32, 1 FULLY_CONNECTED int8 -> float32" in said


def test_a_longer_window_is_named_by_its_setting_and_the_stage_that_it_costs(log: dict[str, str]) -> None:
    assert "features.n_fft 1024 -> 4096" in told(log, "test_window", "changes")
    assert "features +" in told(log, "test_window", "stages")


def test_a_quadratic_loop_is_named_by_its_function_and_stage(log: dict[str, str]) -> None:
    assert re.search(r"features: nearest \(mine\.py\) \+.* ms a call", told(log, "test_loop", "functions"))
    assert "features +" in told(log, "test_loop", "stages")


def test_buffers_that_are_never_given_back_are_named_by_who_allocates_them(log: dict[str, str]) -> None:
    assert "remember (mine.py) +60.00 MiB" in told(log, "test_leak", "memory")


def test_a_mislabelled_class_is_named_with_what_it_is_called_now(log: dict[str, str]) -> None:
    assert "the label of 60 clips is another: wheeze -> crackle" in told(log, "test_labels", "confusion")


def test_every_failure_names_its_files_and_the_next_command(log: dict[str, str]) -> None:
    for text in log.values():
        assert "py-spy samples for speedscope: .edgesense/artifacts/" in text
        assert "memray flame graph of the peak, --native: .edgesense/artifacts/" in text
        assert text.index("next: ") > text.index(".edgesense/artifacts/")


@pytest.mark.parametrize(
    ("test", "cause"),
    [
        ("test_operator", r"1 tensor int8 -> float32 \(\+15\.00 KiB\): head"),
        ("test_window", r"features\.n_fft 1024 -> 4096"),
        ("test_loop", r"features: nearest \(mine\.py\) \+.* ms a call"),
        ("test_leak", r"remember \(mine\.py\) \+60\.00 MiB"),
        ("test_labels", r"the label of 60 clips is another: wheeze -> crackle"),
    ],
)
def test_the_page_names_each_cause_before_anything_is_opened(page: dict[str, str], test: str, cause: str) -> None:
    assert re.search(cause, page[test])
