from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense import pipeline_file, synthetic
from edgesense.errors import PipelineError
from edgesense.features import FeatureSettings
from edgesense.pipeline_file import ManifestSet, PipelineFile, SyntheticSet

GOLDEN = Path(__file__).parent / "data" / "pipelines"
VALID = {
    "schema": 1,
    "name": "tiny",
    "model": "model.tflite",
    "artifacts": ["model.tflite"],
    "features": {"n_mels": 32, "n_mfcc": 10},
    "classes": ["normal", "wheeze"],
    "labelled": {"source": "synthetic", "split": "test", "clips": 7},
    "reference": "../float",
}


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"a model")
    return tmp_path


@pytest.fixture
def read(directory):
    """Reads a record with some keys changed, and some left out by giving them `...`."""

    def _read(content=None, **changes):
        values = {key: value for key, value in (VALID | changes).items() if value is not ...}
        text = json.dumps(values) if content is None else content
        (directory / "pipeline.json").write_text(text, encoding="utf-8")
        return pipeline_file.read(directory)

    return _read


def test_every_key_is_read(read, directory):
    assert read() == PipelineFile(
        directory=directory,
        name="tiny",
        model="model.tflite",
        features=FeatureSettings(n_mels=32, n_mfcc=10),
        classes=("normal", "wheeze"),
        artifacts=("model.tflite",),
        labelled=SyntheticSet("test", 7),
        reference="../float",
    )


@pytest.mark.parametrize("schema", [1])
def test_the_golden_file_of_each_schema_is_still_read(schema):
    found = pipeline_file.read(GOLDEN / f"schema-{schema}")
    assert (found.name, found.labelled, found.features.n_mels) == ("golden", SyntheticSet("test", 2000), 64)


@pytest.mark.parametrize(
    "labelled", [None, SyntheticSet("validation", 3), ManifestSet("recordings"), ManifestSet("recordings", ("0", "4"))]
)
def test_what_is_written_is_read_back(directory, labelled):
    record = PipelineFile(
        directory, "n", "model.tflite", FeatureSettings.full(), ("a", "b"), ("model.tflite",), labelled, "../other"
    )
    record.write()
    assert pipeline_file.read(directory) == record


def test_writing_leaves_no_draft_behind(directory):
    PipelineFile(directory, "n", "model.tflite", FeatureSettings(), ("a", "b")).write()
    assert sorted(path.name for path in directory.iterdir()) == ["model.tflite", "pipeline.json"]


def test_the_record_and_the_model_ship_whether_listed_or_not(read, directory):
    assert read(artifacts=...).shipped() == (directory / "pipeline.json", directory / "model.tflite")


def test_a_model_that_is_listed_ships_once(read):
    assert [path.name for path in read().shipped()] == ["pipeline.json", "model.tflite"]


def test_other_artifacts_ship_too(read, directory):
    (directory / "table.bin").touch()
    assert [p.name for p in read(artifacts=["table.bin"]).shipped()] == ["pipeline.json", "model.tflite", "table.bin"]


def test_how_often_it_runs_is_read_and_written(read):
    assert read(hop_seconds=1).hop_seconds == 1.0
    assert read(hop_seconds=0.25).to_dict()["hop_seconds"] == 0.25
    assert "hop_seconds" not in read().to_dict()


def test_labelled_and_reference_may_be_left_out_or_null(read):
    assert read(labelled=..., reference=...).labelled is None
    assert read(labelled=None, reference=None).reference is None


def test_folds_are_texts_whether_written_as_numbers_or_not(read):
    found = read(labelled={"source": "manifest", "path": "recordings", "folds": [0, "1"]})
    assert found.labelled == ManifestSet("recordings", ("0", "1"))


def test_the_splits_are_those_of_the_generator():
    assert pipeline_file.SPLITS == synthetic.SPLITS


def test_a_directory_without_the_record_says_so(tmp_path):
    with pytest.raises(PipelineError, match=r"is no pipeline directory: it holds no pipeline\.json"):
        pipeline_file.read(tmp_path)


@pytest.mark.parametrize("content", ["", "{", '{"schema": 1', "\ufeff{}", "nonsense"])
def test_what_is_no_json_is_refused_by_file(read, content):
    with pytest.raises(PipelineError, match=r"pipeline\.json cannot be read as JSON"):
        read(content)


@pytest.mark.parametrize(("content", "kind"), [("[]", "a list"), ("3", "3"), ("null", "null")])
def test_json_that_is_no_object_is_refused(read, content, kind):
    with pytest.raises(PipelineError, match=f"must hold a JSON object, not {kind}"):
        read(content)


@pytest.mark.parametrize(
    ("schema", "said"), [(2, "is 2, and only 1 can be read; a newer"), (0, "is 0"), ("1", "'1'"), (True, "True")]
)
def test_another_schema_is_refused(read, schema, said):
    with pytest.raises(PipelineError, match=f"key 'schema' .*{said}"):
        read(schema=schema)


def test_a_newer_schema_is_told_before_keys_that_only_it_knows(read):
    with pytest.raises(PipelineError, match="a newer EdgeSense wrote it"):
        read(schema=2, streaming=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": ...}, "key 'schema' is None"),
        ({"name": ...}, "key 'name' is missing"),
        ({"model": ...}, "key 'model' is missing"),
        ({"features": ...}, "key 'features' is missing"),
        ({"classes": ...}, "key 'classes' is missing"),
        ({"name": ""}, "key 'name' must be a text"),
        ({"model": 3}, "key 'model' must be a text, not 3"),
        ({"reference": ["a"]}, "key 'reference' must be a text, not a list"),
        ({"classes": "normal"}, "key 'classes' must be a list of at least 2 texts"),
        ({"classes": ["one"]}, "key 'classes' must be a list of at least 2 texts"),
        ({"classes": ["a", 2]}, "key 'classes' must be a list of at least 2 texts"),
        ({"classes": ["a", "a"]}, "key 'classes' names one twice"),
        ({"artifacts": "model.tflite"}, "key 'artifacts' must be a list of texts"),
        ({"features": []}, "key 'features' must be an object, not a list"),
        ({"features": {"n_mel": 3}}, "key 'features' cannot be used: .*did you mean 'n_mels'"),
        ({"features": {"n_mels": -3}}, "key 'features' cannot be used: n_mels must be"),
        ({"feature": {}}, r"key 'feature' is unknown; did you mean 'features'\?"),
        ({"zzz": 1}, "key 'zzz' is unknown; known are schema, name, model"),
        ({"labelled": "synthetic"}, "key 'labelled' must be an object"),
        ({"labelled": {}}, "key 'labelled.source' is missing"),
        ({"labelled": {"source": "synthetc"}}, r"key 'labelled.source' is 'synthetc'.*did you mean 'synthetic'\?"),
        ({"labelled": {"source": "synthetic", "split": "test"}}, "key 'labelled.clips' is missing"),
        ({"labelled": {"source": "synthetic", "split": "tset", "clips": 1}}, "'labelled.split' is 'tset'.*'test'"),
        ({"labelled": {"source": "synthetic", "split": "test", "clips": 0}}, "'labelled.clips' must be a whole"),
        ({"labelled": {"source": "synthetic", "split": "test", "clip": 5}}, "'labelled.clip' is unknown.*'clips'"),
        ({"labelled": {"source": "synthetic", "path": "x"}}, "key 'labelled.path' is unknown"),
        ({"hop_seconds": 0}, "key 'hop_seconds' must be a number of seconds above 0, not 0"),
        ({"hop_seconds": True}, "key 'hop_seconds' must be a number of seconds above 0, not true"),
        ({"hop_seconds": "0.5"}, "key 'hop_seconds' must be a number of seconds above 0"),
        ({"labelled": {"source": "manifest"}}, "key 'labelled.path' is missing"),
        ({"labelled": {"source": "manifest", "path": "x", "folds": 3}}, "'labelled.folds' must be a list, not 3"),
        ({"model": "gone.tflite"}, "key 'model' names 'gone.tflite', and there is no such file"),
        ({"artifacts": ["gone.bin"]}, "key 'artifacts' names 'gone.bin', and there is no such file"),
        ({"model": "../model.tflite"}, "key 'model' names '../model.tflite', which lies outside"),
        ({"artifacts": ["/etc/hostname"]}, "key 'artifacts' names '/etc/hostname', which lies outside"),
    ],
)
def test_each_mistake_is_named_with_its_file_and_key(read, changes, message):
    with pytest.raises(PipelineError, match=rf"pipeline\.json: .*{message}"):
        read(**changes)
