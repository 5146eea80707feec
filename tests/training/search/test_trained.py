import contextlib

import pytest

from edgesense import pipeline_file
from edgesense.optimize import convert
from edgesense.testing import tiny_model, tiny_pipeline
from edgesense.training.search import process
from edgesense.training.search.cost import Estimate
from edgesense.training.search.data import Embedded
from edgesense.training.search.evaluator import Cost
from edgesense.training.search.plan import Plan
from edgesense.training.search.space import Candidate
from edgesense.training.search.trained import TrainedEvaluator

CANDIDATE = Candidate(2, 8, 5, "mfcc+logmel", 512, 320, 32, "int8")
SCORES = {"clips": 30, "accuracy": 0.7, "low": 0.5, "high": 0.8, "macro_f1": 0.6}


class Seen:
    """A counter that keeps the records of what it counted."""

    cost = Cost("seen", "files", "made up")

    def __init__(self):
        self.records = []

    def identity(self):
        return {"unit": "files"}

    def of(self, directory):
        self.records.append(pipeline_file.read(directory))
        return 3.0 + len(self.records)


@pytest.fixture
def evaluator(tmp_path):
    return TrainedEvaluator(Plan(2, score="macro_f1"), Embedded(100, 30), Seen(), tmp_path)


def test_an_untrained_candidate_is_counted_as_it_will_ship(evaluator, monkeypatch):
    asked = []

    def converted(trained, name, path, *, calibration):
        asked.append((trained, name, calibration))
        path.parent.mkdir(parents=True)
        tiny_model(path)

    monkeypatch.setattr(convert, "convert", converted)
    assert evaluator.count(CANDIDATE) == 4.0
    ((trained, name, calibration),) = asked
    assert (trained.architecture, trained.options, list(trained.weights)) == (
        "ds_cnn",
        {"depth": 2, "width": 8, "kernel": 5},
        [],
    )
    assert (name, calibration.shape[1:]) == ("int8", trained.input_shape)
    (record,) = evaluator.counter.records
    assert record.features.blocks == ("mfcc", "logmel")
    # The work of bringing columns to one size is counted too.
    assert len(record.features.column_mean) == len(record.features.column_std) == record.features.width
    assert not list(evaluator.work.iterdir())


def scripted(monkeypatch, *events):
    requests = []

    @contextlib.contextmanager
    def script(request):
        requests.append(request)
        yield iter(events)

    monkeypatch.setattr(process, "events", script)
    return requests


def test_a_trained_candidate_is_judged_by_the_converted_model_and_counted_again(evaluator, monkeypatch):
    tiny_pipeline(evaluator.work / "it")
    requests = scripted(
        monkeypatch,
        {"event": "features", "what": "train clips", "done": 100, "total": 100},
        {"event": "step", "step": 1, "score": 0.2},
        {"event": "step", "step": 2, "score": 0.9},
        {"event": "done", "scores": SCORES, "pipelines": {"": "it"}, "best_epochs": [2], "training_seconds": 1.0},
    )
    steps = []
    found = evaluator.train(CANDIDATE, lambda step, score: steps.append((step, score)))
    assert steps == [(1, 0.2), (2, 0.9)]
    assert (found.score, found.cost) == (0.6, 4.0)
    assert found.facts["scores"] == SCORES
    assert found.facts["model_bytes"] == (evaluator.work / "it" / "model.tflite").stat().st_size
    assert "event" not in found.facts
    assert requests[0]["data"] == {"source": "synthetic", "clips": 100, "validation_clips": 30}
    assert Candidate(**requests[0]["candidate"]) == CANDIDATE


def test_what_decides_an_outcome_is_its_identity(evaluator, tmp_path):
    identity = evaluator.identity()
    assert set(identity) == {"data", "plan", "cost", "edgesense"}
    assert str(tmp_path) not in str(identity)
    others = [
        TrainedEvaluator(Plan(3), evaluator.data, evaluator.counter, tmp_path),
        TrainedEvaluator(evaluator.plan, Embedded(101, 30), evaluator.counter, tmp_path),
        TrainedEvaluator(evaluator.plan, evaluator.data, Estimate(), tmp_path),
    ]
    assert all(other.identity() != identity for other in others)


def test_a_trial_has_a_step_for_each_epoch_of_each_fold(evaluator):
    assert evaluator.steps == 2
