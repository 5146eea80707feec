import csv
import importlib.util
import json
import subprocess
import sys

import pytest

from edgesense import cli, pipeline, synthetic

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="training needs the train extra"
)


@pytest.fixture
def recordings(tmp_path):
    """A manifest of thirty clips by ten subjects in two folds; every fifth has a label of no use."""
    soundfile = pytest.importorskip("soundfile", reason="recordings need the audio extra")
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "MANIFEST.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "subject", "fold"])
        for index in range(50):
            clip = synthetic.clip("train", index)
            soundfile.write(folder / f"{index}.flac", clip.samples, 16000)
            rows.writerow([f"{index}.flac", clip.label, f"S{index // 5}", index // 5 % 2])
    return folder


def train(*arguments, cwd):
    """The command in a process of its own, where TensorFlow may be imported."""
    command = [sys.executable, "-m", "edgesense.cli", "train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def refused(capsys, *arguments):
    status = cli.main(["train", *map(str, arguments)])
    assert status == 2
    return capsys.readouterr().err


@needs_tensorflow
def test_a_small_training_ends_in_pipelines_with_cards(tmp_path):
    options = ("ds_cnn", "--clips", 120, "--epochs", 1, "--test-clips", 10)
    done = train(*options, "--output", "made", "--work", "work", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    opened = pipeline.open(tmp_path / "made" / "dscnn-int8")
    recipe = json.loads((tmp_path / "made" / "dscnn-int8" / "recipe.json").read_text())
    card = (tmp_path / "made" / "dscnn-int8" / "CARD.md").read_text()
    assert opened.reference().name == "dscnn-float32"
    assert len(opened.settings.column_mean) == opened.settings.width
    assert recipe["test"]["clips"] == 10
    assert (
        recipe["command"] == "edgesense train ds_cnn --dataset synthetic --output made --seed 1 --epochs 1 --clips 120"
    )
    assert recipe["command"] in card
    assert "Not for clinical use" in card
    assert str(tmp_path) not in card
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["dscnn-float32", "dscnn-int8"]


@needs_tensorflow
def test_a_fold_of_recordings_is_trained_tested_and_not_done_twice(recordings, tmp_path):
    options = ("ds_cnn", "--dataset", recordings, "--classes", "normal,wheeze", "--folds", "1", "--passes", "float32")
    options += ("--epochs", 1, "--batch-size", 4, "--output", "made", "--work", "work", "--report", "report.json")
    first = train(*options, cwd=tmp_path)
    assert first.returncode == 0, first.stderr[-2000:]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["pooled"]["float32"]["clips"] == 10
    assert report["dataset"]["left_out"] == {"crackle": 10, "cough": 10, "background": 10}
    assert pipeline.open(tmp_path / "made" / "fold-1" / "dscnn-float32").classes == ("normal", "wheeze")
    again = train(*options, cwd=tmp_path)
    assert "fold 1: done before" in again.stdout
    assert json.loads((tmp_path / "report.json").read_text()) == report


@needs_tensorflow
def test_a_profile_is_written_beside_the_pipelines_and_leaves_no_trace_in_their_cards(tmp_path):
    options = ("ds_cnn", "--clips", 60, "--epochs", 1, "--test-clips", 5, "--batch-size", 8, "--passes", "float32")
    options += ("--output", "made", "--work", "work", "--profile", "trace")
    done = train(*options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "profile of 2 steps: tensorboard --logdir trace" in done.stdout
    assert len(list(tmp_path.glob("trace/plugins/profile/*/*.xplane.pb"))) == 1
    assert "profile" not in json.loads((tmp_path / "made" / "dscnn-float32" / "recipe.json").read_text())["command"]


def test_a_profile_that_cannot_be_written_is_refused_before_anything_is_computed(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    work = tmp_path / "work"
    options = ("--output", tmp_path / "out", "--work", work, "--profile", tmp_path / "file")
    assert "no profile can be written to" in refused(capsys, "ds_cnn", *options)
    assert not work.exists()


def test_an_unknown_architecture_is_refused(tmp_path, capsys):
    assert "did you mean 'ds_cnn'?" in refused(capsys, "dscnn", "--output", tmp_path)


def test_an_unknown_pass_is_refused(tmp_path, capsys):
    assert "unknown pass 'int16', known are cluster, dynamic_range, float16, float32, int16x8, int8" in refused(
        capsys, "crnn", "--output", tmp_path, "--passes", "float32,int16"
    )


def test_no_pass_is_refused(tmp_path, capsys):
    assert "there is no pass to make a file: name some of cluster, dynamic_range, float16" in refused(
        capsys, "crnn", "--output", tmp_path, "--passes", ","
    )


def test_a_folder_without_a_manifest_is_refused(tmp_path, capsys):
    assert "no MANIFEST.csv" in refused(capsys, "crnn", "--output", tmp_path, "--dataset", tmp_path)


def test_an_unknown_fold_is_refused_before_anything_is_computed(recordings, tmp_path, capsys):
    work = tmp_path / "work"
    said = refused(capsys, "crnn", "--output", tmp_path, "--dataset", recordings, "--folds", "7", "--work", work)
    assert "has no fold '7', only 0, 1" in said
    assert not work.exists()


def test_without_tensorflow_one_line_names_the_extra(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    said = refused(
        capsys, "ds_cnn", "--clips", "70", "--epochs", "1", "--output", tmp_path / "out", "--work", tmp_path / "work"
    )
    assert said == "edgesense: training needs tensorflow: pip install 'pytest-edgesense[train]'\n"
    assert not (tmp_path / "out").exists()
