import io
import json

from edgesense.training.checkpoint import State
from edgesense.training.search.child import _Events


def told(*states, score="accuracy"):
    """(step, score) of each step event; a state of another fold comes after None."""
    stream = io.StringIO()
    events = _Events(stream, score)
    for state in states:
        if state is None:
            events.fold()
        else:
            events.epoch(state, 9)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [(line["step"], line["score"]) for line in lines if line["event"] == "step"]


def after(*scores):
    return State(epoch=len(scores), history=[{"accuracy": score, "macro_f1": score / 2} for score in scores])


def test_each_epoch_is_told_once():
    assert told(after(0.1), after(0.1, 0.3)) == [(1, 0.1), (2, 0.3)]


def test_epochs_from_before_an_interruption_are_told_too():
    assert told(after(0.1, 0.2, 0.3)) == [(1, 0.1), (2, 0.2), (3, 0.3)]


def test_the_steps_of_the_next_fold_are_counted_on():
    assert told(after(0.1, 0.2), None, after(0.5)) == [(1, 0.1), (2, 0.2), (3, 0.5)]


def test_the_score_that_is_asked_for_is_told():
    assert told(after(0.4), score="macro_f1") == [(1, 0.2)]
