import json
from pathlib import Path

import pytest

from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings
from edgesense.optimize import chains
from edgesense.pipeline_file import SyntheticSet
from edgesense.training import export
from edgesense.training.checkpoint import State
from edgesense.training.experiment import Trained

CLASSES = ("normal", "wheeze")


@pytest.fixture
def trained(tmp_path):
    settings = FeatureSettings(
        seconds=0.5, n_fft=256, hop_length=256, n_mels=8, n_mfcc=4, blocks=("logmel",), column_mean=(-40.0,) * 8
    )
    files = {}
    for name in ("float32", "int8"):
        path = files[chains.parse(name)] = tmp_path / f"{name}.tflite"
        path.write_bytes(name.encode())
    return Trained(State(), settings, files, {})


def test_a_draft_that_succeeds_is_put_in_place(tmp_path):
    with export.draft(tmp_path / "out") as folder:
        (folder / "one").mkdir()
        (folder / "one" / "file").write_text("new")
        assert not (tmp_path / "out" / "one").exists()
    assert (tmp_path / "out" / "one" / "file").read_text() == "new"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]


def test_a_draft_that_fails_leaves_what_was_there(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").write_text("old")

    def fail():
        with export.draft(tmp_path) as folder:
            (folder / "one").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / "one" / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("moment", range(1, 5))
def test_an_interrupt_while_they_are_put_in_place_brings_all_old_ones_back(tmp_path, monkeypatch, moment):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("old")
    done = []
    move = Path.replace

    def interrupted(self, target):
        done.append(self.name)
        if len(done) == moment:
            raise KeyboardInterrupt
        return move(self, target)

    def put():
        with export.draft(tmp_path) as folder:
            for name in ("one", "two"):
                (folder / name).mkdir()
                (folder / name / "file").write_text("new")
            monkeypatch.setattr(Path, "replace", interrupted)

    with pytest.raises(KeyboardInterrupt):
        put()
    assert {path.name: (path / "file").read_text() for path in tmp_path.iterdir()} == {"one": "old", "two": "old"}


def test_a_place_that_cannot_be_written_to_is_refused_at_once(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SettingsError, match=r"pipelines cannot be written to .*file"):
            export.refuse(place)
    export.refuse(tmp_path / "new" / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_newer_directory_takes_the_place_of_an_older_one(tmp_path):
    for content in ("old", "new"):
        with export.draft(tmp_path) as folder:
            (folder / "one").mkdir()
            (folder / "one" / content).touch()
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["new"]


def test_a_relative_output_is_a_folder_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with export.draft(Path("out")) as folder:
        (folder / "one").mkdir()
    assert (tmp_path / "out" / "one").is_dir()


def test_the_int8_pipeline_names_the_float32_one_as_its_reference(trained, tmp_path):
    made = export.pipelines(tmp_path, "dscnn", trained, CLASSES, SyntheticSet("test", 10))
    records = {name: json.loads((path / "pipeline.json").read_text()) for name, path in made.items()}
    assert records["int8"]["reference"] == "../dscnn-float32"
    assert "reference" not in records["float32"]
    assert records["int8"]["labelled"] == {"source": "synthetic", "split": "test", "clips": 10}
    assert records["int8"]["features"]["column_mean"] == [-40.0] * 8


def test_without_a_float32_conversion_there_is_no_reference(trained, tmp_path):
    del trained.models[chains.parse("float32")]
    made = export.pipelines(tmp_path, "dscnn", trained, CLASSES, SyntheticSet("test", 10))
    assert "reference" not in json.loads((made["int8"] / "pipeline.json").read_text())
