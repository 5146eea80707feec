from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from edgesense import pipeline, synthetic
from edgesense.errors import AudioError, ModelError, PipelineError, SettingsError
from edgesense.features import FrontEnd
from edgesense.features.cache import FeatureCache
from edgesense.perf.interfaces import LabelledWorkload, StagedWorkload, Workload
from edgesense.pipeline import Pipeline, Prediction
from edgesense.runtime import backends
from edgesense.runtime.tiny import tiny_model
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("pipelines") / "tiny", clips=20)


@pytest.fixture(scope="session")
def opened(directory):
    return pipeline.open(directory)


@pytest.fixture
def changed(directory, tmp_path):
    """A copy of the pipeline with keys of its record changed, and those set to `...` left out."""

    def change(**changes):
        values = json.loads((directory / "pipeline.json").read_text()) | changes
        values = {key: value for key, value in values.items() if value is not ...}
        (tmp_path / "pipeline.json").write_text(json.dumps(values))
        (tmp_path / "model.tflite").write_bytes((directory / "model.tflite").read_bytes())
        return tmp_path

    return change


def clip(index=0):
    return synthetic.clip("test", index, seconds=TINY_SETTINGS.seconds).samples


def test_it_labels_a_clip_with_the_highest_score(opened):
    scores = opened.model.run(FrontEnd(TINY_SETTINGS)(clip()))[0]
    assert opened.run(clip()) == opened.classes[int(np.argmax(scores))]


def test_the_label_is_the_same_in_each_runtime(directory):
    usable = [n for n in backends.installed() if n == "litert" or np.lib.NumpyVersion(np.__version__) < "2.0.0"]
    pipelines = [pipeline.open(directory, runtime=name) for name in usable]
    labels = [[each.run(clip(index)) for index in range(20)] for each in pipelines]
    assert all(other == labels[0] for other in labels)


def test_it_is_right_more_often_than_chance(opened):
    answers = [opened.run(samples) == label for samples, label in opened.labelled()]
    assert len(answers) == 20
    assert sum(answers) >= 7


def test_the_stages_one_after_the_other_are_a_run(opened):
    result = clip()
    for stage in opened.stages.values():
        result = stage(result)
    assert list(opened.stages) == ["features", "inference"]
    assert result == opened.run(clip())


def test_it_is_a_workload_with_stages_and_labels(opened):
    assert isinstance(opened, Workload)
    assert isinstance(opened, StagedWorkload)
    assert isinstance(opened, LabelledWorkload)


def test_its_example_is_a_clip_it_can_label_and_always_the_same(opened):
    example = opened.example()
    assert (example.shape, example.dtype) == ((TINY_SETTINGS.samples,), np.float32)
    assert np.array_equal(example, opened.example())
    assert opened.run(example) in opened.classes


def test_what_ships_is_the_record_and_the_model(opened, directory):
    assert opened.artifacts() == (directory / "pipeline.json", directory / "model.tflite")


def test_the_record_itself_opens_its_directory(directory):
    assert pipeline.open(directory / "pipeline.json").name == "tiny"


def test_a_model_with_a_channel_dimension_is_given_one(tmp_path):
    directory = tiny_pipeline(tmp_path / "p", inputs=(1, *TINY_SETTINGS.shape, 1), trained_on=5)
    assert pipeline.open(directory).run(clip()) in synthetic.CLASSES


BAD_AUDIO = {
    "empty": (np.zeros(0, np.float32), "empty|takes 8000 samples"),
    "silent": (np.zeros(8000, np.float32), "silent"),
    "nan": (np.full(8000, np.nan, np.float32), "NaN"),
    "one nan": (np.where(np.arange(8000) == 77, np.nan, 0.1).astype(np.float32), "1 samples that are NaN"),
    "infinite": (np.where(np.arange(8000) == 77, np.inf, 0.1).astype(np.float32), "infinite"),
    "short": (np.ones(7999, np.float32), "takes 8000 samples"),
    "long": (np.ones(8001, np.float32), "takes 8000 samples"),
    "stereo": (np.ones((8000, 2), np.float32), "mono"),
    "integers": (np.ones(8000, np.int16), "int16"),
    "list": ([0.1] * 8000, "list"),
}


@pytest.mark.parametrize("kind", BAD_AUDIO)
@pytest.mark.parametrize("call", ["run", "predict"])
def test_bad_audio_is_refused_by_run_and_predict(opened, kind, call):
    samples, message = BAD_AUDIO[kind]
    with pytest.raises(AudioError, match=message):
        getattr(opened, call)(samples)


def test_audio_so_quiet_that_its_energy_underflows_is_no_silence(opened):
    assert opened.run(np.full(8000, 1e-30, np.float32)) in opened.classes


def test_float64_audio_is_labelled_as_float32(opened):
    assert opened.run(clip().astype(np.float64)) == opened.run(clip())


def test_predict_gives_the_label_and_a_score_for_each_class(opened):
    prediction = opened.predict(clip(), 16000)
    assert isinstance(prediction, Prediction)
    assert len(prediction.scores) == len(opened.classes)
    assert prediction.label == opened.run(clip()) == opened.classes[int(np.argmax(prediction.scores))]


def test_predict_refuses_another_rate(opened):
    with pytest.raises(AudioError, match="has 44100 Hz, the pipeline takes 16000 Hz"):
        opened.predict(clip(), 44100)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_predict_many_gives_what_predict_gives(opened, workers):
    clips = [clip(index) for index in range(8)]
    assert list(opened.predict_many(clips, workers=workers)) == [opened.predict(samples) for samples in clips]


@pytest.mark.parametrize("workers", [1, 2])
def test_predict_many_checks_the_rate_of_each_clip(opened, workers):
    with pytest.raises(AudioError, match="44100"):
        list(opened.predict_many([clip()], 44_100, workers=workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_clip_is_refused_when_its_turn_comes(opened, workers):
    clips = [clip(0), clip(1), np.zeros(8000, np.float32), clip(3)]
    answers = opened.predict_many(clips, workers=workers)
    assert [next(answers), next(answers)] == [opened.predict(samples) for samples in clips[:2]]
    with pytest.raises(AudioError, match="silent"):
        next(answers)
    assert list(answers) == []


def test_the_pipeline_itself_can_be_asked_while_threads_label(opened):
    clips = [clip(index) for index in range(12)]
    expected = [opened.predict(samples) for samples in clips]
    answers = opened.predict_many(clips, workers=2)
    assert [(next(answers), opened.predict(samples)) for samples in clips] == list(zip(expected, expected, strict=True))


def test_the_models_of_threads_are_made_as_the_pipelines_own(directory, monkeypatch):
    opened = pipeline.open(directory, threads=2, delegate="none")
    made = []
    another = type(opened.model).another
    monkeypatch.setattr(type(opened.model), "another", lambda model: made.append(another(model)) or made[-1])
    list(opened.predict_many([clip()], workers=2))
    assert [(model.runtime, model.threads, model.delegates) for model in made] == [(opened.model.runtime, 2, ())] * 2


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_workers_that_are_no_number_of_threads_are_refused_at_once(opened, workers):
    with pytest.raises(SettingsError, match="workers must be a whole number of 1 or more, not"):
        opened.predict_many([], workers=workers)


FOR_EVER = """
import itertools, sys
from edgesense import pipeline
opened = pipeline.open(sys.argv[1])
answers = opened.predict_many(itertools.repeat(opened.example()), workers=2)
next(answers)
print("begun", flush=True)
for answer in answers:
    pass
"""


def test_an_interrupt_ends_the_threads_and_the_program(directory):
    command = [sys.executable, "-c", FOR_EVER, str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert said.strip().endswith("KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT


def test_a_cached_pipeline_gives_the_same_answers_and_computes_features_once(directory):
    for runtime in backends.installed():
        plain, cache = pipeline.open(directory, runtime=runtime), FeatureCache(2**20)
        cached = plain.cached(cache)
        expected = [plain.predict(clip(index)) for index in range(3)]
        for _ in range(2):
            assert [cached.predict(clip(index)) for index in range(3)] == expected
            assert [cached.run(clip(index)) for index in range(3)] == [one.label for one in expected]
        assert (cache.stats.hits, cache.stats.misses) == (9, 3)


def test_a_cached_pipeline_is_a_workload_like_the_one_it_was_made_from(opened):
    cache = FeatureCache(2**20)
    cached = opened.cached(cache)
    assert isinstance(cached, LabelledWorkload)
    assert cached.subject() == opened.subject()
    assert cached.stages["inference"](cached.stages["features"](clip())) == opened.run(clip())
    assert cache.stats.misses == 1
    opened.run(clip(1))
    assert cache.stats.lookups == 1


def test_pipelines_of_equal_settings_share_a_cache(opened, tmp_path):
    other, cache = pipeline.open(tiny_pipeline(tmp_path / "other", seed=3, trained_on=5)), FeatureCache(2**20)
    for one in (opened, other):
        assert one.cached(cache).run(clip()) == one.run(clip())
    assert (cache.stats.hits, cache.stats.misses) == (1, 1)


def test_a_cached_pipeline_refuses_bad_audio_without_a_lookup(opened):
    cache = FeatureCache(2**20)
    with pytest.raises(AudioError, match="silent"):
        opened.cached(cache).run(np.zeros(8000, np.float32))
    assert cache.stats.lookups == 0


def test_the_subject_says_what_is_measured(opened, directory):
    subject = opened.subject()
    assert subject["runtime"].startswith(backends.find()[0])
    assert (subject["threads"], subject["dtype"], subject["name"]) == (1, "float32", "tiny")
    assert subject["classes"] == list(synthetic.CLASSES)
    assert subject["features"]["n_mels"] == TINY_SETTINGS.n_mels
    assert json.loads(json.dumps(subject)) == subject


def test_another_model_is_another_subject(opened, tmp_path):
    other = pipeline.open(tiny_pipeline(tmp_path / "tiny", seed=3, padding_bytes=1))
    assert other.subject()["model"] != opened.subject()["model"]


def test_column_statistics_are_told_apart_without_being_listed(tmp_path):
    statistics = {"column_mean": tuple(range(20)), "column_std": (2.0,) * 20}
    first = tiny_pipeline(tmp_path / "a", settings=replace(TINY_SETTINGS, **statistics), trained_on=5)
    statistics["column_mean"] = tuple(range(1, 21))
    second = tiny_pipeline(tmp_path / "b", settings=replace(TINY_SETTINGS, **statistics), trained_on=5)
    told = [pipeline.open(each).subject()["features"]["column_mean"] for each in (first, second)]
    assert told[0] != told[1]
    assert all(text.startswith("20 values ") for text in told)


def test_a_changed_window_is_another_subject_and_the_same_audio(opened, tmp_path):
    settings = replace(TINY_SETTINGS, hop_length=320)
    other = pipeline.open(tiny_pipeline(tmp_path / "tiny", settings=settings, clips=20, trained_on=5))
    assert other.subject()["features"] != opened.subject()["features"]
    assert other.labelled_digest() == opened.labelled_digest()


def test_threads_and_runtime_reach_the_model(directory):
    assert pipeline.open(directory, threads=2).subject()["threads"] == 2


def test_a_runtime_that_does_not_exist_is_refused(directory):
    with pytest.raises(SettingsError, match="no runtime 'tf'"):
        pipeline.open(directory, runtime="tf")


def test_a_pipeline_without_labelled_clips_has_no_such_attribute_and_says_why(changed):
    plain = pipeline.open(changed(labelled=...))
    assert not isinstance(plain, LabelledWorkload)
    with pytest.raises(PipelineError, match=r"pipeline\.json: there is no key 'labelled'"):
        plain.labelled()


def test_any_other_missing_attribute_is_a_plain_attribute_error(opened):
    with pytest.raises(AttributeError, match="'LabelledPipeline' object has no attribute 'labels'"):
        opened.labels  # noqa: B018 - the access is what is tested


def test_there_is_no_reference_where_none_is_named(opened):
    assert opened.reference() is None


def test_the_reference_is_opened_beside_it_in_the_same_runtime(tmp_path):
    tiny_pipeline(tmp_path / "float", trained_on=5)
    quantised = pipeline.open(tiny_pipeline(tmp_path / "int8", dtype="int8", reference="../float", trained_on=5))
    reference = quantised.reference()
    assert isinstance(reference, Pipeline)
    assert (reference.name, reference.subject()["runtime"]) == ("float", quantised.subject()["runtime"])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"settings": replace(TINY_SETTINGS, seconds=0.6)}, "takes clips of another length or rate"),
        ({"classes": ("a", "b")}, "has other classes"),
        (None, "there is no such directory"),
    ],
)
def test_a_reference_that_cannot_be_compared_with_is_refused(tmp_path, other, message):
    if other is not None:
        tiny_pipeline(tmp_path / "float", trained_on=5, **other)
    opened = pipeline.open(tiny_pipeline(tmp_path / "int8", reference="../float", trained_on=5))
    with pytest.raises(PipelineError, match=f"key 'reference' names '../float', .*{message}"):
        opened.reference()


def test_a_class_count_that_does_not_fit_the_model_is_refused(changed):
    with pytest.raises(PipelineError, match=r"key 'classes' names 2 classes, but 'model.tflite' gives .*\(1, 5\)"):
        pipeline.open(changed(classes=["a", "b"]))


def test_features_that_do_not_fit_the_model_are_refused(changed):
    with pytest.raises(PipelineError, match=r"'features' makes 21 frames of 24 columns, but .* shape \(1, 21, 20\)"):
        pipeline.open(changed(features=replace(TINY_SETTINGS, n_mels=24).to_dict()))


def test_a_damaged_model_is_a_model_error(changed):
    directory = changed()
    (directory / "model.tflite").write_bytes(b"not a model at all")
    with pytest.raises(ModelError, match="no TFLite model"):
        pipeline.open(directory)


def test_nothing_there_is_a_pipeline_error_that_says_what_is_wanted(tmp_path):
    with pytest.raises(PipelineError, match=r"gone does not exist: give a directory with a pipeline\.json, or a"):
        pipeline.open(tmp_path / "gone")


def test_opening_and_running_imports_no_heavy_package(directory):
    code = """
import sys
from edgesense import pipeline
opened = pipeline.open(sys.argv[1])
opened.run(opened.example())
heavy = "tensorflow keras tf_keras librosa numba pytest sklearn soundfile soxr hypothesis"
print(sorted(name for name in heavy.split() if name in sys.modules))
"""
    command = [sys.executable, "-c", code, str(directory)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_bare_model_of_float_scores_is_not_taken_for_a_pipeline(tmp_path):
    assert not isinstance(pipeline.open(tiny_model(tmp_path / "m.tflite")), Pipeline)
