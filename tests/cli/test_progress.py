import io

import pytest
from rich.console import Console

from edgesense.cli._progress import Progress
from edgesense.training.checkpoint import State


@pytest.fixture
def told():
    return io.StringIO()


@pytest.fixture
def progress(told):
    with Progress(Console(file=told, width=120, force_terminal=False)) as progress:
        yield progress


def state(epoch):
    return State(epoch=epoch, history=[{"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7}] * epoch, seconds=3.0)


def test_an_epoch_is_a_line_with_its_scores(progress, told):
    progress.epoch(state(1), 6)
    assert "epoch   1  loss 0.5000  validation accuracy 0.7500  macro F1 0.7000  3 s" in told.getvalue()


def test_a_second_training_has_an_estimate_of_its_own(progress):
    for _ in range(2):
        for epoch in range(1, 7):
            progress.epoch(state(epoch), 6)
            (bar,) = progress._bars.tasks
            assert bar.finished is (epoch == 6)
            assert bar.completed == epoch
            # Of the first training's end nothing is left that would say "0:00:00".
            assert epoch == 6 or bar.time_remaining is None or bar.time_remaining > 0


def test_each_kind_of_work_has_a_bar_that_goes_when_it_is_done(progress):
    progress.features("train clips", 5, 10)
    progress.epoch(state(1), 2)
    assert [(bar.description, bar.visible) for bar in progress._bars.tasks] == [
        ("features of train clips", True),
        ("epochs", True),
    ]
    progress.features("train clips", 10, 10)
    assert [bar.visible for bar in progress._bars.tasks] == [False, True]
