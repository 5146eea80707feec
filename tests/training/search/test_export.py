import pytest

from edgesense import pipeline_file
from edgesense.errors import EdgeSenseError
from edgesense.testing import tiny_pipeline
from edgesense.training.search import export, results
from edgesense.training.search import study as studies
from edgesense.training.search.data import Embedded
from edgesense.training.search.evaluator import Outcome
from edgesense.training.search.table import TableEvaluator


class WithPipelines(TableEvaluator):
    """Keeps a pipeline for each trial, as training does."""

    folds = ("",)

    def train(self, candidate, on_step):
        found = super().train(candidate, on_step)
        pipelines = {fold: f"pipelines/{len(self.trained)}{fold}" for fold in self.folds}
        for where in pipelines.values():
            tiny_pipeline(self.work / where)
        return Outcome(found.score, found.cost, {"pipelines": pipelines})


@pytest.fixture
def searched(searching, tmp_path):
    evaluator = WithPipelines()
    evaluator.work = tmp_path / "work"
    search = searching(evaluator)
    search.run(3)
    return search, results.front(results.rows(search.study)), tmp_path / "work"


def test_each_pipeline_of_the_front_is_copied_under_its_trials_name(searched, tmp_path):
    _, front, work = searched
    made = export.write(export.located(front, {}, work), tmp_path / "out")
    assert {path.name for path in made} == {f"trial-{row.number}" for row in front}
    for path in made:
        assert pipeline_file.read(path).name == path.name
    export.write(export.located(front, {}, work), tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == len(front)


def test_the_folds_of_a_trial_have_a_directory_each(searching, tmp_path):
    evaluator = WithPipelines()
    evaluator.work, evaluator.folds = tmp_path, ("1", "2")
    search = searching(evaluator)
    search.run(1)
    found = export.located(results.front(results.rows(search.study)), {}, tmp_path)
    assert sorted(found) == ["trial-0-fold-1", "trial-0-fold-2"]


def test_pipelines_of_another_machine_are_named_with_it(searched, tmp_path):
    search, front, _ = searched
    first = front[0].number
    with pytest.raises(EdgeSenseError, match=rf"trial {first} \(made on .+\).* are not in this work folder"):
        export.located(front, export.hosts(search.study), tmp_path / "elsewhere")


def test_the_front_is_tested_once_on_held_out_clips(searched):
    search, front, work = searched
    found = export.located(front, {}, work)
    first = export.test(search.study, found, Embedded(10, 10), 20)
    assert first["clips"] == 20
    assert set(first["scores"]) == set(found)
    assert all(0 <= one["low"] <= one["accuracy"] <= one["high"] <= 1 for one in first["scores"].values())
    assert search.study.user_attrs[studies.TESTED] == first
    assert export.test(search.study, {}, Embedded(10, 10), 5) == first
