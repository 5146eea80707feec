import numpy as np
import pytest

from edgesense import models
from edgesense.errors import SettingsError
from edgesense.training import fit
from edgesense.training.augment import Augmentation
from edgesense.training.examples import Examples
from edgesense.training.fit import Schedule
from edgesense.training.profile import SPAN, StepTrace


def train(directory, trace):
    """A small DS-CNN, six steps in each of two epochs; what was traced: (step numbers, names of all that ran)."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    random = np.random.default_rng(0)
    features = random.normal(size=(48, 12, 8)).astype(np.float32)
    some = Examples(features, np.arange(48) % 2, np.arange(48), np.zeros(8, np.float32), np.ones(8, np.float32))
    schedule = Schedule(epochs=2, batch_size=8, augmentation=Augmentation(2, 2, 1, 0.1))
    with trace:
        fit.fit(models.get("ds_cnn"), some, some, "ab", schedule, seed=1, directory=directory / "state", on_step=trace)
    steps, names = [], set()
    for path in directory.glob("trace/plugins/profile/*/*.xplane.pb"):
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
        for plane in space.planes:
            numbers = [key for key, stat in plane.stat_metadata.items() if stat.name == "step_num"]
            for event in (event for line in plane.lines for event in line.events):
                name = plane.event_metadata[event.metadata_id].name
                names.add(name)
                if name == SPAN:
                    steps += [stat.int64_value for stat in event.stats if stat.metadata_id in numbers]
    return sorted(steps), names, trace.summary()


def test_a_window_of_steps_is_traced_with_all_that_a_step_runs(with_tensorflow, tmp_path):
    steps, names, said = with_tensorflow(train, tmp_path, StepTrace(tmp_path / "trace", after=4, steps=3))
    assert steps == [4, 5, 6]
    assert any(name.startswith("ds_cnn/conv2d") for name in names)
    assert any(name.startswith("gradient_tape/ds_cnn/conv2d") for name in names)
    assert any(name.startswith("AdamW/") for name in names)
    assert said == f"profile of 3 steps: tensorboard --logdir {tmp_path / 'trace'}"


def test_a_training_that_ends_inside_the_window_is_traced_to_its_end(with_tensorflow, tmp_path):
    steps, _, said = with_tensorflow(train, tmp_path, StepTrace(tmp_path / "trace", after=10, steps=50))
    assert steps == [10, 11]
    assert "profile of 2 steps" in said


def test_a_training_that_ends_before_the_window_says_that_nothing_was_traced(with_tensorflow, tmp_path):
    steps, names, said = with_tensorflow(train, tmp_path, StepTrace(tmp_path / "trace", after=12))
    assert (steps, names) == ([], set())
    assert said == "nothing was profiled: 12 steps were run, and a profile begins after 12"


def fail_and_train_again(directory):
    trace = StepTrace(directory / "failed", after=0)

    def fail():
        with trace:
            trace(0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    return train(directory, StepTrace(directory / "trace", after=0, steps=1))


def test_a_training_that_fails_ends_its_trace(with_tensorflow, tmp_path):
    steps, _, _ = with_tensorflow(fail_and_train_again, tmp_path)
    assert steps == [0]
    assert len(list(tmp_path.glob("failed/plugins/profile/*/*.xplane.pb"))) == 1


def test_a_training_that_was_finished_before_says_so(tmp_path):
    with StepTrace(tmp_path / "trace") as trace:
        pass
    assert trace.summary().startswith("nothing was profiled: no step was run, for this training was finished before")


def test_a_folder_that_cannot_be_made_is_refused_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SettingsError, match=r"no profile can be written to .*file: File exists"),
        StepTrace(tmp_path / "file"),
    ):
        pass


def test_an_empty_window_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="not 0 after 5"):
        StepTrace(tmp_path, steps=0)
    with pytest.raises(SettingsError, match="not 1 after -1"):
        StepTrace(tmp_path, after=-1, steps=1)
