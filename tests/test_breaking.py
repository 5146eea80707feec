"""Break the shipped pipeline by hand, one way a test: the right number goes red, and it alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgesense.perf import devices
from edgesense.perf.files import cache_directory

pytestmark = pytest.mark.long
# pytester gives each test a home of its own; the board's sysroot is in the user's.
CACHE = cache_directory()
MODELS = Path(__file__).parent.parent / "models"
SHIPPED = ("dscnn-int8", "dscnn-float32")
CLIPS = 500

BUDGETS = """
from pytest_edgesense import edge_budget

@edge_budget(size_kb=1024, acc=0.5, rss_mb=150)
def test_host(): ...
"""
BOARD_BUDGET = """
from pytest_edgesense import edge_budget

@edge_budget(instructions_m=500)
def test_board(): ...
"""
FACTORY = """
from pathlib import Path

import numpy as np

import edgesense.pipeline

FLIPPED, HELD_MB, EXTRA_CLIPS = 0.0, 0, 0


class Shipped:
    def __init__(self):
        self.inner = edgesense.pipeline.open(Path(__file__).parent / "models" / "dscnn-int8", runtime="litert")
        self.held = np.ones(HELD_MB * 2**20, dtype=np.uint8)
        self.stages = {"features": self.features, "inference": self.inner.stages["inference"]}
        self.artifacts, self.example, self.subject = self.inner.artifacts, self.inner.example, self.inner.subject
        self.labelled_digest = self.inner.labelled_digest

    def features(self, item):
        for _ in range(EXTRA_CLIPS):
            np.abs(np.fft.rfft(item[:5120]))
        return self.inner.stages["features"](item)

    def run(self, item):
        return self.stages["inference"](self.features(item))

    def labelled(self):
        every = round(1 / FLIPPED) if FLIPPED else 0
        for index, (item, label) in enumerate(self.inner.labelled()):
            wrong = self.inner.classes[(self.inner.classes.index(label) + 1) % len(self.inner.classes)]
            yield item, wrong if every and index % every == 0 else label
"""

LIMITS = ("size_kb", "acc", "rss_mb", "instructions_m")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's project with a copy of the shipped models."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(CACHE))
    # A user at work, not this project's CI: storing baselines is refused there.
    monkeypatch.delenv("CI", raising=False)
    root = pytester.path
    for name in SHIPPED:
        if (MODELS / name).is_dir():
            shutil.copytree(MODELS / name, root / "models" / name)
    change(root, labelled={"source": "synthetic", "split": "test", "clips": CLIPS})
    return root


def findings(pytester: pytest.Pytester, *options: str) -> dict[str, str]:
    """Run the project's budgets in a process of its own; return each failing limit with what the failure says."""
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--edge-profile=off", *options)
    text = outcome.stdout.str()
    assert outcome.ret in {0, 1}, text
    if "--update-baselines" in options:
        assert list(pytester.path.glob("baselines/*/*.json")), text
    told = text.partition("= FAILURES =")[2].partition("= edge budgets =")[0]
    red = {limit: told for limit in LIMITS if f"{limit} on " in told}
    assert bool(red) == bool(outcome.ret), text
    return red


def settings(pytester: pytest.Pytester, pipeline: str) -> None:
    pytester.makeini(f"[pytest]\nedge_pipeline = {pipeline}\n")
    (pytester.path / "pyproject.toml").write_text('[tool.edgesense]\nship = ["mine", "models"]\n', encoding="utf-8")


def edit(root: Path, before: str, after: str) -> None:
    path = root / "mine.py"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def change(root: Path, features: Mapping[str, object] | None = None, **changes: object) -> None:
    path = root / "models" / "dscnn-int8" / "pipeline.json"
    body = json.loads(path.read_text(encoding="utf-8"))
    body |= {"features": body["features"] | dict(features or {}), **changes}
    path.write_text(json.dumps(body), encoding="utf-8")


def use_the_float_model(root: Path) -> None:
    body = json.loads((root / "models" / "dscnn-int8" / "pipeline.json").read_text(encoding="utf-8"))
    reference = (root / "models" / "dscnn-int8" / body["reference"]).resolve()
    shutil.copy(reference / "model.tflite", root / "models" / "dscnn-int8" / "model.tflite")


def test_an_unbroken_pipeline_stays_green_and_a_float_model_in_its_place_shows_in_size(
    pytester: pytest.Pytester, project: Path
) -> None:
    settings(pytester, "models/dscnn-int8")
    pytester.makepyfile(test_budgets=BUDGETS.replace(", acc=0.5", ""))
    assert findings(pytester, "--update-baselines") == {}
    assert findings(pytester, "--edge-strict") == {}
    use_the_float_model(project)
    assert "size_kb" in findings(pytester)


def test_four_percent_of_labels_flipped_show_in_accuracy_alone(pytester: pytest.Pytester, project: Path) -> None:
    settings(pytester, "mine:Shipped")
    pytester.makepyfile(mine=FACTORY, test_budgets=BUDGETS)
    assert findings(pytester, "--update-baselines") == {}
    edit(project, "FLIPPED, HELD_MB, EXTRA_CLIPS = 0.0", "FLIPPED, HELD_MB, EXTRA_CLIPS = 0.04")
    assert findings(pytester).keys() == {"acc"}


def test_sixty_megabytes_held_show_in_memory_alone(pytester: pytest.Pytester, project: Path) -> None:
    settings(pytester, "mine:Shipped")
    pytester.makepyfile(mine=FACTORY, test_budgets=BUDGETS.replace(", acc=0.5", ""))
    assert findings(pytester, "--update-baselines") == {}
    edit(project, "= 0.0, 0, 0", "= 0.0, 60, 0")
    assert findings(pytester).keys() == {"rss_mb"}


needs_board = pytest.mark.skipif(
    devices.find("pi").available() is not None,
    reason=f"the emulated pi is not set up: {devices.find('pi').available()}",
)


@needs_board
def test_five_percent_more_work_in_the_front_end_shows_in_its_instructions_on_the_board(
    pytester: pytest.Pytester, project: Path
) -> None:
    settings(pytester, "mine:Shipped")
    pytester.makepyfile(mine=FACTORY, test_budgets=BOARD_BUDGET)
    assert findings(pytester, "--update-baselines", "--edge-device=pi") == {}
    assert findings(pytester, "--edge-device=pi", "--edge-strict") == {}
    edit(project, "= 0.0, 0, 0", "= 0.0, 0, 1")
    red = findings(pytester, "--edge-device=pi")
    assert red.keys() == {"instructions_m"}
    assert "in features" in red["instructions_m"]
    assert "in inference" not in red["instructions_m"]


@needs_board
def test_a_shorter_window_is_judged_and_not_excused(pytester: pytest.Pytester, project: Path) -> None:
    settings(pytester, "models/dscnn-int8")
    pytester.makepyfile(test_budgets=BOARD_BUDGET)
    assert findings(pytester, "--update-baselines", "--edge-device=pi") == {}
    change(project, {"n_fft": 2048})
    assert findings(pytester, "--edge-device=pi").keys() == {"instructions_m"}


def test_another_window_shows_in_accuracy_too(pytester: pytest.Pytester, project: Path) -> None:
    settings(pytester, "models/dscnn-int8")
    pytester.makepyfile(test_budgets=BUDGETS.replace("acc=0.5, rss_mb=150", "acc=0.1"))
    assert findings(pytester, "--update-baselines") == {}
    change(project, {"n_fft": 256})
    assert "acc" in findings(pytester)
