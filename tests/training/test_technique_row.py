"""A technique's row, on a board that is made up, and on the emulated one."""

import json
from types import SimpleNamespace

import pytest

from edgesense.errors import EdgeSenseError
from edgesense.perf import devices
from edgesense.tiny_pipeline import tiny_pipeline
from edgesense.training import counting, technique_row

absent = devices.find("pi").available()


class Board:
    """Counts by the name of what it is asked for, and remembers that it was asked."""

    def __init__(self, **about):
        self.about = about
        self.asked = []

    def fingerprint(self):
        return {"board": "made up", **self.about}

    def count(self, device, job, note):
        assert device is self
        assert (job.root / "pipeline" / "model.tflite").is_file()
        assert all((job.root / name).exists() or (job.root / f"{name}.py").exists() for name in job.ship)
        self.asked.append(job.workload)
        return {"device": self.fingerprint(), "instructions": {"all": 100.0 if "without" in job.workload else 40.0}}


@pytest.fixture
def tiny(tmp_path):
    directory = tiny_pipeline(tmp_path / "tiny")
    (directory / "recipe.json").write_text("{}")
    return directory


@pytest.fixture
def on(monkeypatch, tmp_path):
    """Measure on a board that is made up."""

    def measured(board, directory, before, name="feature_cache"):
        monkeypatch.setattr(counting, "counter", lambda _: board)
        monkeypatch.setattr(counting, "count", board.count)
        return technique_row.measured(name, directory, ["pi"], tmp_path / "work", before)

    return measured


def test_a_row_has_both_ways_and_how_many_labels_differ(on, tiny):
    board = Board()
    row = on(board, tiny, {})
    assert board.asked == ["ways:without", "ways:applied"]
    assert row["technique"] == "feature_cache"
    assert row["boards"]["pi"] == {
        "device": {"board": "made up"}, "without": {"all": 100.0}, "applied": {"all": 40.0},
    }  # fmt: skip
    # 100 clips of half a second, a hop of half a second apart.
    assert row["labels"] == {"other": 0, "of": 100}
    assert json.loads(json.dumps(row)) == row
    assert technique_row.line(row) == "feature_cache: pi 0.00 M without, 0.00 M with it; 0 of 100 labels differ"


def test_what_an_earlier_table_has_is_not_counted_again(on, tiny):
    row = on(Board(), tiny, {})
    same = Board()
    assert on(same, tiny, row) == row
    assert same.asked == []
    other = Board(sysroot="another")
    assert on(other, tiny, row)["boards"]["pi"]["device"] == {"board": "made up", "sysroot": "another"}
    assert len(other.asked) == 2


def test_another_pipeline_is_counted_again(on, tiny):
    row = on(Board(), tiny, {})
    (tiny / "recipe.json").write_text('{"made": "anew"}')
    board = Board()
    assert on(board, tiny, row)["digest"] != row["digest"]
    assert len(board.asked) == 2


def test_labels_that_differ_are_counted(on, tiny, monkeypatch):
    monkeypatch.setattr(technique_row.techniques.Way, "run", lambda way, _: id(way))
    assert on(Board(), tiny, {})["labels"] == {"other": 100, "of": 100}


@pytest.mark.skipif(bool(absent), reason=f"{absent}; run: edgesense devices setup pi")
def test_the_emulated_board_runs_both_ways(tiny, tmp_path):
    row = technique_row.measured("feature_cache", tiny, ["pi"], tmp_path / "work", {})
    counts = row["boards"]["pi"]
    assert counts["device"]["board"] == "pi4"
    assert 0 < counts["applied"]["all"] < counts["without"]["all"]
    kept = sorted(path.name for path in (tmp_path / "work" / "results").iterdir())
    assert kept == ["feature_cache-applied-tiny-pi.json", "feature_cache-without-tiny-pi.json"]


def test_what_a_board_cannot_count_is_said(tiny, tmp_path, monkeypatch):
    missing = SimpleNamespace(reason="it is asleep.", remedy="Wake it.")
    measured = SimpleNamespace(readings={}, missing={counting.INSTRUCTIONS: missing})
    monkeypatch.setattr(counting, "counter", lambda _: SimpleNamespace(name="pi", fingerprint=dict))
    monkeypatch.setattr(counting.measure, "measure", lambda *_: measured)
    with pytest.raises(EdgeSenseError, match=r"pi cannot count ways:without: it is asleep\. Wake it\."):
        technique_row.measured("feature_cache", tiny, ["pi"], tmp_path / "work", {})
