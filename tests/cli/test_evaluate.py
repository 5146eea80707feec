import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from edgesense import cli, synthetic
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

soundfile = pytest.importorskip("soundfile", reason="recordings need the audio extra")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("evaluate") / "p", clips=None, trained_on=50)


@pytest.fixture
def recordings(tmp_path):
    """A manifest of ten clips in two folds, two of another label, one silent; stereo at 22,050 Hz."""
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "MANIFEST.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "subject", "fold"])
        for index in range(10):
            clip = synthetic.clip("validation", index)
            samples = np.zeros_like(clip.samples) if index == 9 else clip.samples
            soundfile.write(folder / f"{index}.wav", np.stack([samples, samples], axis=1), 22050)
            rows.writerow([f"{index}.wav", "unclear" if index in (3, 8) else clip.label, f"S{index}", index % 2])
    return folder


def run(capsys, *arguments):
    status = cli.main(["evaluate", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_synthetic_split_is_scored_and_written(tiny, tmp_path, capsys):
    status, out, _ = run(capsys, tiny, "--split", "validation", "--clips", 20, "--json", tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text())
    assert status == 0
    assert found["scores"]["clips"] == 20
    assert f"accuracy {found['scores']['accuracy']:.4f}" in out
    assert found["dataset"] == {"source": "synthetic", "generator": 1, "split": "validation", "clips": 20}


def test_recordings_are_scored_and_what_is_left_out_is_counted(tiny, recordings, tmp_path, capsys):
    status, out, _ = run(capsys, tiny, "--dataset", recordings, "--json", tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text())
    assert status == 0
    assert found["scores"]["clips"] == 7
    assert found["left_out"] == {"unclear": 2}
    assert list(found["unusable"]) == ["9.wav"]
    assert "left out: 2 clips labelled unclear" in out
    assert "silent" in out


def test_folds_choose_recordings(tiny, recordings, tmp_path, capsys):
    run(capsys, tiny, "--dataset", recordings, "--folds", "0", "--json", tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["scores"]["clips"] == 4


def test_a_reference_is_compared_clip_by_clip(tiny, tmp_path, capsys):
    other = tiny_pipeline(tmp_path / "other", clips=None, trained_on=10)
    status, out, _ = run(capsys, tiny, "--clips", 20, "--reference", other, "--json", tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text())
    change = found["against_reference"]
    assert status == 0
    assert "against the reference: drop" in out
    assert change["drop"] == pytest.approx(found["reference_scores"]["accuracy"] - found["scores"]["accuracy"])
    assert len(change["lost"]) - len(change["gained"]) == round(20 * change["drop"])
    assert all(name.startswith("v1-test-") for name in change["lost"] + change["gained"])


def test_a_reference_with_the_same_front_end_is_given_the_same_features_and_that_is_said(tiny, tmp_path, capsys):
    other = tiny_pipeline(tmp_path / "other", clips=None, trained_on=10)
    _, out, _ = run(capsys, tiny, "--clips", 20, "--reference", other)
    said = "features are computed once for both pipelines: 50.0% of 40 lookups were hits; 20 entries"
    assert said in " ".join(out.split())


def test_no_cache_is_asked_where_nothing_could_be_found_in_it(tiny, tmp_path, capsys):
    settings = replace(TINY_SETTINGS, hop_length=320)
    other = tiny_pipeline(tmp_path / "other", clips=None, trained_on=10, settings=settings)
    _, out, _ = run(capsys, tiny, "--clips", 5, "--reference", other)
    assert "lookups" not in out
    _, out, _ = run(capsys, tiny, "--clips", 5)
    assert "lookups" not in out


def test_recordings_with_no_known_label_are_refused(tiny, recordings, capsys):
    manifest = recordings / "MANIFEST.csv"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([lines[0], lines[4]]) + "\n")
    status, _, said = run(capsys, tiny, "--dataset", recordings)
    assert status == 2
    assert "no recording of" in said
    assert "the manifest has unclear" in said


def test_a_bare_model_is_refused(tiny, capsys):
    status, _, said = run(capsys, tiny / "model.tflite")
    assert status == 2
    assert "is a bare model without classes" in said


def test_a_folder_without_a_manifest_is_refused(tiny, tmp_path, capsys):
    status, _, said = run(capsys, tiny, "--dataset", tmp_path)
    assert status == 2
    assert "no MANIFEST.csv" in said


def test_folds_of_the_embedded_set_are_refused(tiny, capsys):
    status, _, said = run(capsys, tiny, "--folds", "0")
    assert status == 2
    assert "folds belong to a folder with a manifest" in said
