from __future__ import annotations

import numpy as np
import pytest
import soundfile

from edgesense.datasets import manifest
from edgesense.datasets.manifest import Manifest
from edgesense.errors import DatasetError


def write_tone(path, *, rate=16000, channels=1, seconds=0.25, hz=440.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(rate * seconds)) / rate
    soundfile.write(path, np.column_stack([0.5 * np.sin(2 * np.pi * hz * time)] * channels), rate)


@pytest.fixture
def folder(tmp_path):
    for name, rate, channels in (("a.wav", 16000, 1), ("b.flac", 8000, 1), ("sub/c.wav", 44100, 2)):
        write_tone(tmp_path / name, rate=rate, channels=channels)
    write_manifest(
        tmp_path,
        "file,label,subject,fold,device",
        "a.wav,normal,S1,0,x",
        "b.flac,wheeze,S2,1,y",
        "sub/c.wav,normal,S3,2,z",
    )
    return tmp_path


def write_manifest(directory, *lines, encoding="utf-8"):
    (directory / "MANIFEST.csv").write_text("\n".join(lines) + "\n", encoding=encoding)


def test_rows_are_those_of_the_file_in_its_order(folder):
    rows = Manifest.open(folder).rows
    assert [(row.file, row.label, row.subject, row.fold) for row in rows] == [
        ("a.wav", "normal", "S1", "0"),
        ("b.flac", "wheeze", "S2", "1"),
        ("sub/c.wav", "normal", "S3", "2"),
    ]
    assert [row.other for row in rows] == [{"device": "x"}, {"device": "y"}, {"device": "z"}]


def test_labels_and_folds_are_sorted_and_named_once(folder):
    opened = Manifest.open(folder)
    assert opened.labels == ("normal", "wheeze")
    assert opened.folds == ("0", "1", "2")


def test_recordings_of_any_rate_and_channels_come_mono_at_the_wanted_rate(folder):
    for samples, label in Manifest.open(folder, sample_rate=16000):
        assert samples.dtype == np.float32
        assert samples.shape == (4000,)
        assert label in {"normal", "wheeze"}
        loudest = np.abs(np.fft.rfft(samples * np.hanning(4000))).argmax() * 4.0
        assert loudest == pytest.approx(440.0, abs=4.0)


def test_labels_can_be_selected(folder):
    assert [row.file for row in Manifest.open(folder).select(labels=["wheeze"]).rows] == ["b.flac"]


def test_folds_can_be_selected_by_text_or_number(folder):
    opened = Manifest.open(folder)
    assert [row.file for row in opened.select(folds=["0", 2]).rows] == ["a.wav", "sub/c.wav"]


def test_labels_and_folds_are_selected_together(folder):
    assert [row.file for row in Manifest.open(folder).select(labels=["normal"], folds=[2]).rows] == ["sub/c.wav"]


def test_a_selection_may_be_empty(folder):
    assert len(Manifest.open(folder).select(labels=["cough"])) == 0


def test_subject_and_fold_may_be_missing(tmp_path):
    write_tone(tmp_path / "a.wav")
    write_manifest(tmp_path, "label,file", "cough,a.wav")
    (row,) = Manifest.open(tmp_path).rows
    assert (row.file, row.label, row.subject, row.fold) == ("a.wav", "cough", "", "")


def test_a_byte_order_mark_and_blank_lines_are_passed_over(tmp_path):
    write_tone(tmp_path / "a.wav")
    write_manifest(tmp_path, "file,label", "", "a.wav,cough", "", encoding="utf-8-sig")
    assert len(Manifest.open(tmp_path)) == 1


def test_a_quoted_file_name_may_hold_a_comma(tmp_path):
    write_tone(tmp_path / "a, b.wav")
    write_manifest(tmp_path, "file,label", '"a, b.wav",cough')
    assert Manifest.open(tmp_path).rows[0].file == "a, b.wav"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["path,label", "a.wav,normal"], r"has no column file; its header is 'path,label'"),
        (["file,class", "a.wav,normal"], r"has no column label; its header is 'file,class'"),
        (["file,label,label", "a.wav,x,y"], r"names a column twice"),
        (["file,label"], r"lists no recordings"),
        ([""], r"has no column file and no column label"),
        (["file,label", "a.wav,normal", "a.wav"], r"MANIFEST\.csv, line 3: 1 values for 2 columns"),
        (["file,label", "a.wav,normal,more"], r"line 2: 3 values for 2 columns"),
        (["file,label", ",normal"], r"line 2: no file"),
        (["file,label", "a.wav, "], r"line 2: no label"),
        (["file,label", "a.wav,normal", "a.wav,wheeze"], r"line 3: a\.wav is already in line 2"),
        (["file,label", "gone.wav,normal"], r"line 2: there is no file .*gone\.wav"),
        (["file,label", "../a.wav,normal"], r"line 2: \.\./a\.wav is outside the manifest's folder"),
        (["file,label", "/a.wav,normal"], r"line 2: /a\.wav is outside the manifest's folder"),
        (["file,label", '"a.wav,normal'], r"line 2: unexpected end of data"),
    ],
)
def test_a_malformed_manifest_is_refused_with_its_line(tmp_path, lines, message):
    write_tone(tmp_path / "a.wav")
    write_manifest(tmp_path, *lines)
    with pytest.raises(DatasetError, match=message):
        Manifest.open(tmp_path)


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"no MANIFEST\.csv in .*; it lists file,label"):
        Manifest.open(tmp_path / "nowhere")


def test_a_manifest_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "MANIFEST.csv").write_bytes(b"file,label\n\xff\xfe\n")
    with pytest.raises(DatasetError, match=r"cannot read .*MANIFEST\.csv"):
        Manifest.open(tmp_path)


def test_a_recording_that_is_no_audio_is_named_with_its_manifest(folder):
    (folder / "b.flac").write_bytes(b"not audio at all")
    with pytest.raises(DatasetError, match=r"b\.flac of .*MANIFEST\.csv: cannot read .*b\.flac as audio"):
        list(Manifest.open(folder))


def test_the_data_folder_is_the_one_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv(manifest.DATA_VARIABLE, str(tmp_path))
    assert manifest.data_folder() == tmp_path


def test_a_named_data_folder_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv(manifest.DATA_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(DatasetError, match=r"EDGESENSE_DATA names '.*gone', which is no folder"):
        manifest.data_folder()


@pytest.fixture
def stethoscope_recordings():
    found = manifest.data_folder()
    if found is None or not (found / "sprsound_dev").is_dir():
        pytest.skip("no real recordings here: set EDGESENSE_DATA to a folder that holds sprsound_dev/")
    return Manifest.open(found / "sprsound_dev")


def test_no_subject_of_the_real_recordings_is_in_two_folds(stethoscope_recordings):
    folds = {}
    for row in stethoscope_recordings.rows:
        folds.setdefault(row.subject, set()).add(row.fold)
    assert len(folds) > 100
    assert all(len(found) == 1 for found in folds.values())


def test_real_recordings_are_read_as_two_seconds_at_the_wanted_rate(stethoscope_recordings):
    for row in stethoscope_recordings.select(labels=["wheeze"], folds=[0]).rows[:10]:
        samples = stethoscope_recordings.read(row)
        assert samples.shape == (32000,)
        assert samples.any()
