from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgesense.perf.cases import Case
from edgesense.perf.profilers.changes import Changes, differences
from edgesense.perf.records import Baseline, Job, Known, Measurement, Origin, Reading

SUBJECT = {"model": "a" * 64, "features": {"n_fft": 1024, "n_mels": 64}, "threads": 1}
PARTS = {"features": 6e6, "inference": 5e6}
COUNT = Reading(11e6, 11e6, 11e6, Known.COUNTED, parts=PARTS)
BEFORE = Baseline(
    "t", "pi", {"numpy": "1.26.4"}, SUBJECT, {"instructions_m": COUNT}, origin=Origin("m", {"m/a": "1"}, "code")
)
NOW = Measurement(
    "pi", {"numpy": "1.26.4"}, SUBJECT, {"instructions_m": COUNT}, origin=Origin("m", {"m/a": "1"}, "code")
)
CASE = Case(Job("m", Path(), ()), "pi", frozenset({"instructions_m"}), NOW, BEFORE)


def told(now: Measurement, directory: Path) -> tuple[str, ...]:
    (attachment,) = Changes().profile(replace(CASE, measurement=now), directory)
    assert attachment.path is not None
    return attachment.summary


def test_where_nothing_is_another_nothing_is_said(tmp_path: Path) -> None:
    assert Changes().profile(CASE, tmp_path) == []
    assert Changes().profile(replace(CASE, accepted=None), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_setting_is_named_with_both_values(tmp_path: Path) -> None:
    now = replace(NOW, subject=SUBJECT | {"features": {"n_fft": 4096, "n_mels": 64}})
    assert told(now, tmp_path) == ("features.n_fft 1024 -> 4096",)


def test_files_code_and_versions_are_named(tmp_path: Path) -> None:
    origin = Origin("m", {"m/a": "2", "m/b": "1"}, "other")
    now = replace(NOW, origin=origin, fingerprint={"numpy": "2.0.0", "unheard_of": "1"})
    assert told(now, tmp_path) == (
        "files of the pipeline: m/a, m/b",
        "the project's code",
        "numpy 1.26.4 -> 2.0.0",
    )


def test_parts_of_a_number_that_broke_are_told_the_one_that_grew_most_first(tmp_path: Path) -> None:
    grown = replace(COUNT, parts={"features": 6e6, "inference": 5.9e6})
    now = replace(NOW, readings={"instructions_m": grown})
    assert told(now, tmp_path) == ("instructions_m: inference +0.90 M, features +0.00 M",)


def test_numbers_that_are_known_in_another_way_are_not_compared(tmp_path: Path) -> None:
    grown = replace(COUNT, known=Known.PREDICTED, parts={"features": 9e6, "inference": 5e6})
    case = replace(CASE, measurement=replace(NOW, readings={"instructions_m": grown}))
    assert Changes().profile(case, tmp_path) == []


def test_long_values_are_only_named_and_new_ones_come_from_none() -> None:
    assert list(differences({"model": "a" * 64, "old": 1}, {"model": "b" * 64, "classes": ["x", "y"]})) == [
        "model",
        "old 1 -> none",
        'classes none -> ["x", "y"]',
    ]


def test_code_of_the_baselines_commit_is_compared_file_by_file(tmp_path: Path) -> None:
    for name, place in (("then", "a.py b.py c/d.py"), ("now", "a.py b.py c/d.py env/new.py")):
        for file in place.split():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text("same" if file == "a.py" else name)
    job = Job("m", tmp_path / "now", (), project=tmp_path / "now")
    baseline = replace(job, root=tmp_path / "then", project=tmp_path / "then")
    measurement = replace(NOW, origin=Origin("m", {"m/a": "1"}, "other"))
    case = replace(CASE, job=job, measurement=measurement, baseline=baseline)
    (attachment,) = Changes().profile(case, tmp_path)
    assert attachment.summary == ("the project's code: b.py, c/d.py",)


def test_a_model_whose_file_is_named_needs_no_digest_beside_it(tmp_path: Path) -> None:
    subject = SUBJECT | {"model": "b" * 64, "delegates": ["other"], "dtype": "float32"}
    now = replace(NOW, subject=subject, origin=Origin("m", {"m/a": "2"}, "code"))
    assert told(now, tmp_path) == ("dtype none -> float32", "files of the pipeline: m/a")
