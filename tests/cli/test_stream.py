import json

import numpy as np
import pytest

from edgesense import cli, pipeline, synthetic
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

soundfile = pytest.importorskip("soundfile", reason="recordings need the audio extra")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("stream") / "tiny", clips=None, trained_on=20)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Two and a half seconds: two clips, a second of silence, another clip."""
    first, second, third = (
        clip.samples for clip in synthetic.clips("validation", 3, seconds=TINY_SETTINGS.seconds, sample_rate=16000)
    )
    path = tmp_path_factory.mktemp("recording") / "r.wav"
    soundfile.write(path, np.concatenate([first, second, np.zeros(16000), third]), 16000, subtype="FLOAT")
    return path


def run(capsys, *arguments):
    status = cli.main(["stream", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_every_hop_has_a_line_and_the_end_a_summary(tiny, recording, capsys):
    status, out, _ = run(capsys, tiny, recording, "--hop", 0.25)
    lines = out.splitlines()
    assert status == 0
    assert [line[:20] for line in lines[:3]] == ["    0.00 -    0.50 s", "    0.25 -    0.75 s", "    0.50 -    1.00 s"]
    assert sum("(silent)" in line for line in lines[:9]) == 3
    assert lines[9].startswith("9 clips of 0.5 s, one every 0.25 s: ")
    assert lines[9].endswith("; silent 3")
    assert lines[11].startswith("real-time factor 0.")
    assert "says nothing about pi" in lines[11]


def test_the_answers_are_those_for_the_clips(tiny, recording, tmp_path, capsys):
    run(capsys, tiny, recording, "--hop", 0.5, "--block-ms", 7, "--json", tmp_path / "s.json")
    found = json.loads((tmp_path / "s.json").read_text())
    opened, (samples, _) = pipeline.open(tiny), soundfile.read(recording, dtype="float32")
    assert [one["start_seconds"] for one in found["answers"]] == [0.0, 0.5, 1.0, 1.5, 2.0]
    expected = [opened.run(samples[start : start + 8000]) for start in (0, 8000, 32000)]
    assert [one["label"] for one in found["answers"]] == [*expected[:2], None, None, expected[2]]
    assert sum(found["labels"].values()) == 3
    assert (found["schema"], found["pipeline"], found["hops"], found["silent"]) == (1, "tiny", 5, 2)


def test_the_real_time_factor_is_time_spent_over_time_heard(tiny, recording, capsys):
    _, out, told = run(capsys, tiny, recording, "--hop", 0.25, "--json", "-")
    found = json.loads(out)
    spent = sum(one["features_seconds"] + one["inference_seconds"] for one in found["answers"])
    assert found["real_time_factor"] == pytest.approx(spent / (9 * 0.25))
    assert found["latency_max_seconds"] >= found["latency_median_seconds"] > 0
    assert "real-time factor" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hop", "0.26"], "the nearest usable: 0.25 s (10 frames) and 0.275 s (11 frames)"),
        (["--hop", "0"], "hop_seconds must be a number above 0"),
        (["--json", "gone/s.json"], "its directory is not there"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_status_2(tiny, recording, arguments, said, capsys):
    status, out, err = run(capsys, tiny, recording, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_recording_shorter_than_a_clip_is_refused(tiny, tmp_path, capsys):
    soundfile.write(tmp_path / "short.wav", np.ones(7999) * 0.1, 16000)
    status, _, err = run(capsys, tiny, tmp_path / "short.wav")
    assert status == 2
    assert "short.wav is 7999 samples long at 16000 Hz; a clip of tiny is 8000" in err


def test_a_bare_model_is_refused(tiny, recording, capsys):
    status, _, err = run(capsys, tiny / "model.tflite", recording)
    assert status == 2
    assert "is a bare model without classes" in err


@pytest.mark.parametrize("block", ["0", "-1", "x", "nan"])
def test_a_block_of_no_length_is_refused(tiny, recording, block, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(capsys, tiny, recording, "--block-ms", block)
    assert stopped.value.code == 2
    assert "is no number of milliseconds" in capsys.readouterr().err
