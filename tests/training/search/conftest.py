import pytest

from edgesense.training.search import storage
from edgesense.training.search import study as studies
from edgesense.training.search.loop import Search
from edgesense.training.search.presence import Presence
from edgesense.training.search.space import Space
from edgesense.training.search.table import TableEvaluator

pytest.importorskip("optuna", reason="architecture search needs the search extra")


class Listener:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.said, self.begun, self.over = [], [], []

    def say(self, text):
        self.said.append(text)

    def began(self, number, candidate):
        self.begun.append(number)

    def step(self, step, steps, score):
        pass

    def ended(self, row, done, wanted):
        self.over.append((row, done, wanted))


@pytest.fixture
def searching(tmp_path):
    """Make a search in a storage of this test: `searching(evaluator, ...)`, each as a process of its own would."""
    import optuna

    in_memory = optuna.storages.InMemoryStorage()
    yield from _searches(tmp_path, lambda: in_memory)


@pytest.fixture
def on_disk(tmp_path):
    """The same in an SQLite file, which other processes may open too."""
    yield from _searches(tmp_path, lambda: storage.open(storage.url(None, tmp_path), studies.put_back))


def _searches(tmp_path, opened):
    presences = []

    def make(evaluator=None, *, seed=1, name="study", most_cost=None, narrowed=None):
        evaluator = evaluator or TableEvaluator()
        space = Space.of(("float32", "int8"), narrowed)
        fixed = {"space": space.to_dict(), **evaluator.identity()}
        presence = Presence(tmp_path / "presence").__enter__()
        presences.append(presence)
        study = studies.open(opened(), name, fixed, seed)
        return Search(study, space, evaluator, presence, Listener(), most_cost)

    yield make
    for presence in presences:
        presence.__exit__()
