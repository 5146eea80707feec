from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgesense import labelled, pipeline, synthetic
from edgesense.datasets.manifest import DATA_VARIABLE, data_folder
from edgesense.errors import PipelineError
from edgesense.pipeline_file import ManifestSet, PipelineFile, SyntheticSet
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

ROWS = (("a.wav", "cough", 0), ("b.wav", "normal", 1), ("c.wav", "rustle", 0), ("d.wav", "wheeze", 2))


@pytest.fixture
def recordings(tmp_path):
    """A folder of four short recordings of 8 kHz with a manifest, and a function that writes it again."""
    soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
    pytest.importorskip("soxr", reason="the audio extra is not installed")
    directory = tmp_path / "recordings"
    directory.mkdir()

    def write(rows=ROWS, level=0.1):
        lines = ["file,label,fold", *(f"{file},{label},{fold}" for file, label, fold in rows)]
        (directory / "MANIFEST.csv").write_text("\n".join(lines) + "\n")
        for seed, (file, _, _) in enumerate(sorted(rows)):
            noise = level * np.random.default_rng(seed).standard_normal(3000 + 1000 * seed)
            soundfile.write(directory / file, noise, 8000)
        return directory

    write()
    return write


@pytest.fixture
def record(tmp_path):
    (tmp_path / "p").mkdir()

    def make(chosen, **changes):
        return replace(
            PipelineFile(tmp_path / "p", "p", "model.tflite", TINY_SETTINGS, synthetic.CLASSES, labelled=chosen),
            **changes,
        )

    return make


def test_synthetic_clips_are_those_of_the_split_at_the_length_of_the_front_end(record):
    found = list(labelled.clips(record(SyntheticSet("validation", 3))))
    wanted = [synthetic.clip("validation", index, seconds=0.5) for index in range(3)]
    assert [label for _, label in found] == [clip.label for clip in wanted]
    assert all(np.array_equal(samples, clip.samples) for (samples, _), clip in zip(found, wanted, strict=True))


@pytest.mark.parametrize("shares", [1, 2, 3, 9])
def test_the_parts_of_synthetic_clips_are_all_of_them(record, shares):
    file = record(SyntheticSet("validation", 7))
    whole = list(labelled.clips(file))
    parts = [list(labelled.clips(file, share, shares)) for share in range(shares)]
    for share, part in enumerate(parts):
        wanted = whole[share::shares]
        assert [label for _, label in part] == [label for _, label in wanted]
        assert all(np.array_equal(one, other) for (one, _), (other, _) in zip(part, wanted, strict=True))


def test_a_part_of_recordings_is_every_so_manieth(record, recordings):
    file = record(ManifestSet(str(recordings())), classes=("cough", "normal", "wheeze", "rustle"))
    whole, part = list(labelled.clips(file)), list(labelled.clips(file, 1, 2))
    assert [label for _, label in part] == [label for _, label in whole[1::2]]
    assert all(np.array_equal(one, other) for (one, _), (other, _) in zip(part, whole[1::2], strict=True))


def test_synthetic_clips_need_their_labels_among_the_classes(record):
    with pytest.raises(PipelineError, match="key 'classes' lacks crackle, cough, background, which the synthetic"):
        next(labelled.clips(record(SyntheticSet("test", 3), classes=("normal", "wheeze"))))


@pytest.mark.parametrize(
    ("chosen", "changes"),
    [
        (SyntheticSet("test", 4), {}),
        (SyntheticSet("train", 3), {}),
        (SyntheticSet("test", 3), {"features": replace(TINY_SETTINGS, seconds=0.6)}),
        (SyntheticSet("test", 3), {"features": replace(TINY_SETTINGS, sample_rate=8000)}),
    ],
)
def test_other_synthetic_audio_has_another_digest(record, chosen, changes):
    assert labelled.digest(record(chosen, **changes)) != labelled.digest(record(SyntheticSet("test", 3)))


def test_other_features_of_the_same_audio_have_the_same_digest(record):
    chosen, wide = SyntheticSet("test", 3), replace(TINY_SETTINGS, n_fft=1024, n_mels=40)
    assert labelled.digest(record(chosen, features=wide)) == labelled.digest(record(chosen))


def test_recordings_come_at_the_rate_and_length_of_the_front_end_without_foreign_labels(record, recordings):
    found = list(labelled.clips(record(ManifestSet(str(recordings())))))
    assert [label for _, label in found] == ["cough", "normal", "wheeze"]
    assert {samples.shape for samples, _ in found} == {(TINY_SETTINGS.samples,)}


def test_a_manifest_is_looked_for_beside_the_pipeline(record, recordings):
    recordings()
    assert len(list(labelled.clips(record(ManifestSet("../recordings"))))) == 3


def test_a_manifest_is_looked_for_in_the_data_folder(record, recordings, monkeypatch):
    monkeypatch.setenv(DATA_VARIABLE, str(recordings().parent))
    assert len(list(labelled.clips(record(ManifestSet("recordings"))))) == 3


@pytest.mark.parametrize(("folds", "labels"), [(("0",), ["cough"]), (("1", "2"), ["normal", "wheeze"])])
def test_only_the_named_folds_are_used(record, recordings, folds, labels):
    found = labelled.clips(record(ManifestSet(str(recordings()), folds)))
    assert [label for _, label in found] == labels


def test_a_manifest_that_is_nowhere_says_where_it_was_looked_for(record, tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(PipelineError, match=rf"'gone', which is in none of .*p, {tmp_path}; say with {DATA_VARIABLE}"):
        next(labelled.clips(record(ManifestSet("gone"))))


def test_recordings_of_which_none_fits_are_refused(record, recordings):
    with pytest.raises(PipelineError, match=r"none has one of the labels normal, .* in the folds 9"):
        next(labelled.clips(record(ManifestSet(str(recordings()), ("9",)))))


def test_other_labels_of_the_same_recordings_have_the_same_digest(record, recordings):
    chosen = record(ManifestSet(str(recordings())))
    before = labelled.digest(chosen)
    recordings(tuple((file, "wheeze" if label == "cough" else label, fold) for file, label, fold in ROWS))
    assert labelled.digest(chosen) == before


@pytest.mark.parametrize(
    "change", [{"level": 0.2}, {"rows": ROWS[:2]}, {"rows": tuple(reversed(ROWS))}], ids=["louder", "fewer", "order"]
)
def test_other_recordings_have_another_digest(record, recordings, change):
    chosen = record(ManifestSet(str(recordings())))
    before = labelled.digest(chosen)
    recordings(**change)
    assert labelled.digest(chosen) != before


def test_without_a_labelled_set_there_is_nothing_to_tell_accuracy_from(record):
    with pytest.raises(PipelineError, match="no key 'labelled'"):
        labelled.digest(record(None))


def test_a_pipeline_answers_for_real_recordings(tmp_path):
    folder = data_folder()
    if folder is None or not (folder / "sprsound_dev").is_dir():
        pytest.skip(f"no real recordings: {DATA_VARIABLE} names none and ../shared/data is not there")
    directory = tiny_pipeline(tmp_path / "p", clips=None, trained_on=10)
    chosen = ManifestSet("sprsound_dev", ("0",))
    PipelineFile(directory, "p", "model.tflite", TINY_SETTINGS, synthetic.CLASSES, labelled=chosen).write()
    opened = pipeline.open(directory)
    answers = [(opened.run(samples), label) for (samples, label), _ in zip(opened.labelled(), range(50), strict=False)]
    assert len(answers) == 50
    assert {label for _, label in answers} <= {"normal", "wheeze", "crackle"}
