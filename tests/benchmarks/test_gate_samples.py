from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import collect
import numpy as np
import pytest
import replay
import samples
from gates import kept, made_up

from edgesense.perf.verdicts import Outcome

KINDS = slice(1, 4)
"""Minimum, median and mean."""


def test_gates_of_one_and_of_two_stages_come_back(tmp_path: Path) -> None:
    gates = [made_up(5), made_up(15, seed=2, discarded=3)]
    back = kept(tmp_path, gates)
    assert back.about == {"pipeline": "some"}
    assert [one.pairs.shape for one in back.gates] == [(5, 2, 5), (15, 2, 5)]
    for before, after in zip(gates, back.gates, strict=True):
        np.testing.assert_allclose(after.pairs[:, :, 0], before.pairs[:, :, 0], rtol=6e-8)
        assert (after.discarded, after.seconds, after.busy, after.at) == (
            before.discarded,
            before.seconds,
            before.busy,
            before.at,
        )


def test_packing_keeps_each_distance_from_the_tenth_percentile_to_a_twentieth_of_a_percent(tmp_path: Path) -> None:
    before = made_up(5)
    after = kept(tmp_path, [before]).gates[0]
    apart, apart_now = (one.pairs[:, :, KINDS] - one.pairs[:, :, :1] for one in (before, after))
    np.testing.assert_allclose(apart_now, apart, rtol=5e-4, atol=6e-8 * 0.005)
    np.testing.assert_allclose(after.pairs[:, :, 4], before.pairs[:, :, 4], rtol=5e-4)


def test_pairs_after_the_first_five_keep_their_tenth_percentile_alone(tmp_path: Path) -> None:
    back = kept(tmp_path, [made_up(15)]).gates[0]
    assert np.isfinite(back.pairs[:5]).all()
    assert np.isfinite(back.pairs[5:, :, 0]).all()
    assert np.isnan(back.pairs[5:, :, 1:]).all()


def test_nothing_was_measured_where_there_is_no_file(tmp_path: Path) -> None:
    assert samples.load("quiet", tmp_path).gates == []


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, Outcome.SAME), (1.06, Outcome.REGRESSED), (1.022, Outcome.DRIFT)])
def test_packing_changes_no_decision(tmp_path: Path, ratio: float, outcome: Outcome) -> None:
    gate = made_up(15, ratio)
    assert replay.decide(gate).outcome is outcome
    assert replay.decide(kept(tmp_path, [gate]).gates[0]).outcome is outcome


def collected(
    monkeypatch: pytest.MonkeyPatch,
    directory: Path,
    gates: int,
    condition: str = "quiet",
    measured: Callable[[collect.pairs.Arms, Path], samples.Gate] = lambda arms, scratch: made_up(),
) -> int:
    """Run the collection with gates that are made up; return its exit status."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(directory / "cache"))
    monkeypatch.setattr(collect, "_gate", measured)
    monkeypatch.setattr(collect, "TURN_SECONDS", 0.0)
    return collect.main([condition, "--gates", str(gates), "--samples", str(directory)])


def test_a_collection_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, tmp_path, 2)
    first = samples.load("quiet", tmp_path)
    first.gates[0] = made_up(seed=7)
    first.save()
    collected(monkeypatch, tmp_path, 3)
    after = samples.load("quiet", tmp_path)
    assert len(after.gates) == 3
    np.testing.assert_allclose(after.gates[0].pairs[:, :, 0], made_up(seed=7).pairs[:, :, 0], rtol=6e-8)
    assert after.about == first.about


def test_an_interrupted_collection_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, tmp_path, 1)

    def stopped(arms: object, scratch: Path) -> samples.Gate:
        raise KeyboardInterrupt

    monkeypatch.setattr(collect, "_gate", stopped)
    assert collect.main(["quiet", "--gates", "3", "--samples", str(tmp_path)]) == 130
    assert len(samples.load("quiet", tmp_path).gates) == 1


def test_gates_of_another_model_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, tmp_path, 1)
    before = samples.load("quiet", tmp_path)
    before.about["model"] = "another"
    before.save()
    with pytest.raises(SystemExit, match="measured with another model; move it away"):
        collected(monkeypatch, tmp_path, 2)


def test_gates_of_another_way_to_measure_are_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, tmp_path, 1)
    monkeypatch.setattr(collect, "METHOD", "another")
    with pytest.raises(SystemExit, match="measured with another method; move it away"):
        collected(monkeypatch, tmp_path, 2)


def test_gates_of_another_pipeline_have_a_file_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, tmp_path, 1)
    monkeypatch.setattr(collect, "_gate", lambda arms, scratch: made_up())
    assert collect.main(["quiet", "--pipeline", "models/crnn-int8/", "--gates", "1", "--samples", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["quiet-crnn-int8.npz", "quiet.npz"]
    about = [samples.load(name, tmp_path).about for name in ("quiet", "quiet-crnn-int8")]
    assert [one["pipeline"] for one in about] == [collect.PIPELINE, "models/crnn-int8"]
    assert about[0]["model"] != about[1]["model"]


def test_a_pipeline_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"models/none is no pipeline of this project: No such file or directory: .*"):
        collect.main(["quiet", "--pipeline", "models/none", "--samples", str(tmp_path)])


def test_another_computer_adds_its_gates_under_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, tmp_path, 2)
    monkeypatch.setattr(collect.Host, "fingerprint", lambda _: {"cpu": "another"})
    collected(monkeypatch, tmp_path, 3)
    collected(monkeypatch, tmp_path, 4)
    after = samples.load("quiet", tmp_path)
    assert [one.host for one in after.gates] == [0, 0, 1, 1]
    assert [host["cpu"] == "another" for host in after.about["hosts"]] == [False, True]


def test_each_computer_has_its_own_amount_of_extra_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    amounts = iter([100, 200])
    monkeypatch.setattr(collect.pairs, "operations_for", lambda *_: next(amounts))
    given: list[int] = []

    def noted(arms: collect.pairs.Arms, scratch: Path) -> samples.Gate:
        given.append(arms.slowed_by)
        return made_up()

    collected(monkeypatch, tmp_path, 1, "slower-5", noted)
    monkeypatch.setattr(collect.Host, "fingerprint", lambda _: {"cpu": "another"})
    collected(monkeypatch, tmp_path, 2, "slower-5", noted)
    assert given == [100, 200]
