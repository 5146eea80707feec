"""Each technique against the same pipeline without it."""

import json

import numpy as np
import pytest

from edgesense import pipeline, synthetic, techniques
from edgesense.errors import SettingsError
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.runtime.tiny import tiny_model
from edgesense.techniques import feature_cache, streaming, vectorised, xnnpack
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

HOP_SECONDS = 0.25


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    directory = tiny_pipeline(tmp_path_factory.mktemp("techniques") / "tiny")
    record = json.loads((directory / "pipeline.json").read_text())
    (directory / "pipeline.json").write_text(json.dumps(record | {"hop_seconds": HOP_SECONDS}))
    return directory


@pytest.fixture(scope="module")
def clips():
    """Clips of the tiny pipeline's length, a hop apart in one sound."""
    sound = np.concatenate([clip.samples for clip in synthetic.clips("validation", 10)])
    hop = round(HOP_SECONDS * TINY_SETTINGS.sample_rate)
    return list(techniques.windows(sound, TINY_SETTINGS.samples, hop))


def test_they_are_found_by_name_and_say_what_they_are():
    assert techniques.names() == ("feature_cache", "streaming", "vectorised", "xnnpack")
    assert techniques.about("streaming") == "Features of overlapping clips are computed once a hop"
    assert all(techniques.get(name).INSTEAD for name in techniques.names())
    with pytest.raises(SettingsError, match=r"no technique 'magic'; there are feature_cache, streaming"):
        techniques.get("magic")


def test_windows_are_a_hop_apart_and_whole():
    assert [list(one) for one in techniques.windows(np.arange(7.0), 3, 2)] == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert len(list(techniques.windows(np.arange(8.0), 3, 2))) == 3


@pytest.mark.parametrize("name", techniques.names())
def test_both_ways_say_the_same(tiny, clips, name):
    technique = techniques.get(name)
    without, applied = technique.without(tiny), technique.applied(tiny)
    opened = pipeline.open(tiny)
    expected = [opened.run(clip) for clip in clips]
    assert len(set(expected)) > 1
    assert [without.run(clip) for clip in clips] == expected
    assert [applied.run(clip) for clip in clips] == expected
    assert without.artifacts() == applied.artifacts() == opened.artifacts()
    assert np.array_equal(without.example(), applied.example())
    assert applied.subject()["model"] == opened.subject()["model"]


def test_a_stream_hears_of_each_clip_but_the_first_only_the_last_hop(tiny, clips):
    plain, heard = streaming.applied(tiny), streaming.applied(tiny)
    hop = round(HOP_SECONDS * TINY_SETTINGS.sample_rate)
    labels = [plain.run(clips[0])] + [plain.run(np.r_[np.zeros_like(clip[hop:]), clip[-hop:]]) for clip in clips[1:]]
    assert labels == [heard.run(clip) for clip in clips]


def test_a_cache_computes_no_clip_twice(tiny, clips, monkeypatch):
    computed = []
    whole = FrontEnd.__call__
    monkeypatch.setattr(FrontEnd, "__call__", lambda self, samples: computed.append(1) or whole(self, samples))
    applied, without = feature_cache.applied(tiny), feature_cache.without(tiny)
    computed.clear()
    applied.run(applied.example())
    assert computed == []
    without.run(without.example())
    without.run(without.example())
    assert computed == [1, 1]


def test_without_xnnpack_no_node_is_taken(tiny):
    taken = {
        way: sum(one.nodes for one in way(tiny).opened.model.delegates) for way in (xnnpack.without, xnnpack.applied)
    }
    assert taken[xnnpack.without] == 0
    assert taken[xnnpack.applied] > 0


@pytest.mark.parametrize(
    "settings",
    [TINY_SETTINGS, FeatureSettings.optimized(), FeatureSettings.full(), FeatureSettings.optimized(level_dbfs=None)],
    ids=["tiny", "optimized", "full", "as loud as it is"],
)
def test_the_loop_over_frames_computes_what_the_front_end_does(settings):
    samples = synthetic.clip("validation", 3, seconds=settings.seconds).samples
    expected = FrontEnd(settings)(samples)
    assert np.abs(vectorised.loop(settings)(samples) - expected).max() < 1e-4 * np.abs(expected).max()


def test_a_bare_model_has_nothing_to_be_applied_to(tmp_path):
    tiny_model(tmp_path / "model.tflite")
    with pytest.raises(SettingsError, match=r"model\.tflite has no front end"):
        streaming.without(tmp_path / "model.tflite")
