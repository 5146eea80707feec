import optuna
import pytest

from edgesense.errors import SettingsError
from edgesense.training.search import storage
from edgesense.training.search import study as studies
from edgesense.training.search.presence import Presence

FIXED = {"data": {"clips": 10, "source": "synthetic"}, "plan": {"seed": 1}}


@pytest.fixture
def opened(tmp_path):
    return storage.open(storage.url(None, tmp_path), studies.put_back)


def test_the_same_settings_open_the_same_study(opened):
    first = studies.open(opened, "one", FIXED, 1)
    first.enqueue_trial({"depth": 2})
    assert len(studies.open(opened, "one", FIXED, 1).trials) == 1


def test_other_settings_are_refused_with_each_difference(opened):
    studies.open(opened, "one", FIXED, 1)
    other = {"data": {"clips": 20, "source": "synthetic"}, "plan": {"seed": 1, "score": "accuracy"}}
    with pytest.raises(SettingsError) as refused:
        studies.open(opened, "one", other, 1)
    assert "data.clips is 10 there and 20 here; plan.score is null there and " in str(refused.value)
    assert "source" not in str(refused.value)
    studies.open(opened, "two", other, 1)


def test_a_study_of_something_else_is_refused(opened):
    other = optuna.create_study(study_name="other", storage=opened)
    other.enqueue_trial({"x": 1})
    with pytest.raises(SettingsError, match="'other' was not begun by edgesense search"):
        studies.open(opened, "other", FIXED, 1)


def test_accuracy_is_made_large_and_cost_small(opened):
    names = [direction.name for direction in studies.open(opened, "one", FIXED, 1).directions]
    assert names == ["MAXIMIZE", "MINIMIZE"]


def begun(study, worker, key=None):
    """A running trial of a worker."""
    with pytest.warns(UserWarning, match="Heartbeat"):
        trial = study.ask()
    trial.set_user_attr(studies.WORKER, worker)
    trial.suggest_int("depth", 2, 6)
    if key:
        trial.set_user_attr(studies.CANDIDATE, key)
    return trial


def test_a_trial_of_a_process_that_is_gone_is_failed_and_queued_again_with_its_choice(opened, tmp_path):
    study = studies.open(opened, "one", FIXED, 1)
    with Presence(tmp_path) as here:
        lost, alive = begun(study, "lost"), begun(study, here.name)
        (tmp_path / "lost.lock").touch()
        assert studies.give_up_the_dead(study, here) == [lost.number]
        assert studies.give_up_the_dead(study, here) == []
    states = {one.number: one.state.name for one in study.trials}
    assert states == {lost.number: "FAIL", alive.number: "RUNNING", 2: "WAITING"}
    again = begun(study, "another")
    assert again.params == lost.params
    assert again.user_attrs[studies.AGAIN] == lost.number


def test_what_ends_without_a_word_too_often_is_not_queued_again(opened, tmp_path):
    study = studies.open(opened, "one", FIXED, 1)
    (tmp_path / "lost.lock").touch()
    with Presence(tmp_path) as here:
        for _ in range(studies.MOST_TRIES):
            begun(study, "lost")
            assert len(studies.give_up_the_dead(study, here)) == 1
    assert [one.state.name for one in study.trials] == ["FAIL"] * studies.MOST_TRIES


def test_a_trial_whose_heartbeat_is_missed_is_queued_again(opened, monkeypatch):
    study = studies.open(opened, "one", FIXED, 1)
    lost = begun(study, "of another machine")
    monkeypatch.setattr(opened, "_get_stale_trial_ids", lambda study_id: [lost._trial_id])
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        optuna.storages.fail_stale_trials(study)
    assert [one.state.name for one in study.trials] == ["FAIL", "WAITING"]


def test_of_two_equal_choices_the_earlier_stands(opened):
    study = studies.open(opened, "one", FIXED, 1)
    first, second = begun(study, "a", "equal"), begun(study, "b", "equal")
    assert studies.earlier(study, first.number, "equal") is None
    assert studies.earlier(study, second.number, "equal") == first.number
    assert studies.earlier(study, second.number, "another") is None


def test_the_later_waits_until_the_earlier_has_said_what_it_chose(opened):
    study = studies.open(opened, "one", FIXED, 1)
    first, second = begun(study, "a"), begun(study, "b", "equal")
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        first.set_user_attr(studies.CANDIDATE, "equal")

    assert studies.earlier(study, second.number, "equal", sleep) == first.number
    assert len(waits) == 1


def test_it_does_not_wait_for_ever(opened):
    study = studies.open(opened, "one", FIXED, 1)
    begun(study, "a")
    second = begun(study, "b", "equal")
    waits = []
    assert studies.earlier(study, second.number, "equal", waits.append) is None
    assert sum(waits) == pytest.approx(studies.SUGGESTING_SECONDS, abs=0.2)


def test_a_trial_that_was_put_back_does_not_stand_in_the_way_of_its_second_try(opened, tmp_path):
    study = studies.open(opened, "one", FIXED, 1)
    (tmp_path / "lost.lock").touch()
    begun(study, "lost", "equal")
    with Presence(tmp_path) as here:
        studies.give_up_the_dead(study, here)
    again = begun(study, "b", "equal")
    assert studies.earlier(study, again.number, "equal") is None
