import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense import own_code, techniques
from edgesense.errors import BudgetError, DatasetError, SettingsError
from edgesense.training import counting, embedded, folds, result_row, results, technique_row, variants
from edgesense.training.earlier import Earlier, digest

MODEL = Path(__file__).parents[2] / "models" / "dscnn-int8"


class Silent:
    def say(self, text):
        pass


@pytest.fixture
def trained(monkeypatch):
    """What is trained, as (variant's name, part) in order; trainings are made up and over at once."""
    done = []

    def on_clips(plan, *, output, **_):
        done.append((plan.name, "embedded"))
        for chain in plan.chains:
            shutil.copytree(MODEL, output / f"{plan.slug}-{chain.slug}", dirs_exist_ok=True)
        return {chain.name: output / f"{plan.slug}-{chain.slug}" for chain in plan.chains}

    def on_recordings(plan, **_):
        done.append((plan.name, "recordings"))
        scores = {"clips": 3, "accuracy": 0.5 + len(done) / 100, "low": 0.1, "high": 0.9, "macro_f1": 0.5}
        each = {chain.name: scores for chain in plan.chains}
        return {"pooled": each, "folds": [{"scores": each}], "against_float32": {}}

    monkeypatch.setattr(embedded, "run", on_clips)
    monkeypatch.setattr(folds, "run", on_recordings)
    # Asked in a process of its own, which would import TensorFlow.
    monkeypatch.setattr(variants, "IMPOSSIBLE", ())
    return done


@pytest.fixture
def sounds(tmp_path):
    """Three recordings, of which only the names and lengths are asked."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    rows = ["file,label,subject,fold"]
    for index, label in enumerate(("normal", "wheeze", "crackle")):
        (folder / f"{index}.wav").write_bytes(b"RIFF")
        rows.append(f"{index}.wav,{label},{index},{index}")
    (folder / "MANIFEST.csv").write_text("\n".join(rows) + "\n")
    return folder


def table(tmp_path, names, earlier=None, computer="one", **settings):
    """The rows of some variants; another computer has the pipelines and the earlier table, and not the work folder."""
    wanted = tuple(one for one in variants.VARIANTS if one.name in names)
    chosen = results.Settings(tmp_path / "models", tmp_path / f"work-{computer}", **{"boards": (), **settings})
    made = results.run(wanted, chosen, Silent(), earlier)
    report = tmp_path / "results.json"
    report.write_text(json.dumps(made))
    return made, Earlier.read(report, results.SCHEMA)


def test_another_computer_trains_nothing_that_the_table_has(trained, sounds, tmp_path):
    made, earlier = table(tmp_path, ["dscnn", "attention"], recordings=sounds)
    assert trained == [(name, part) for name in ("dscnn", "attention") for part in ("embedded", "recordings")]
    trained.clear()
    again, _ = table(tmp_path, ["dscnn", "attention"], earlier, "two", recordings=sounds)
    assert trained == []
    assert again == made


def test_rows_of_other_variants_stay_in_the_tables_order(trained, sounds, tmp_path):
    one, earlier = table(tmp_path, ["attention"], recordings=sounds)
    both, _ = table(tmp_path, ["dscnn"], earlier, "two", recordings=sounds)
    assert trained == [(name, part) for name in ("attention", "dscnn") for part in ("embedded", "recordings")]
    assert list(dict.fromkeys(row["variant"] for row in both["rows"])) == ["dscnn", "attention"]
    assert [row for row in both["rows"] if row["variant"] == "attention"] == one["rows"]


def test_a_file_that_changed_since_is_trained_again_and_its_recordings_are_not(trained, sounds, tmp_path):
    _, earlier = table(tmp_path, ["attention"], recordings=sounds)
    trained.clear()
    (tmp_path / "models" / "attention-int8" / "model.tflite").write_bytes(b"another")
    made, _ = table(tmp_path, ["attention"], earlier, "two", recordings=sounds)
    assert trained == [("attention", "embedded")]
    assert all("recordings" in row for row in made["rows"])


@pytest.mark.parametrize("content", [b"RIFF, longer", b"RIFG"], ids=["longer", "as long"])
def test_recordings_that_changed_are_heard_again(trained, sounds, tmp_path, content):
    _, earlier = table(tmp_path, ["attention"], recordings=sounds)
    trained.clear()
    (sounds / "1.wav").write_bytes(content)
    table(tmp_path, ["attention"], earlier, "two", recordings=sounds)
    assert trained == [("attention", "recordings")]


@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"boards": ("pie",)}, BudgetError, "pie"),
        ({"boards": ("host",)}, SettingsError, "host is no emulated board"),
        ({"recordings": Path("nowhere")}, DatasetError, "no MANIFEST.csv in nowhere"),
        ({"output": Path(__file__)}, SettingsError, "pipelines cannot be written to"),
    ],
    ids=["no board", "counts nothing", "no recordings", "no folder"],
)
def test_what_would_stop_the_table_after_hours_is_said_at_once(trained, tmp_path, changed, kind, said):
    chosen = replace(results.Settings(tmp_path / "models", tmp_path / "work", boards=()), **changed)
    with pytest.raises(kind, match=said):
        results.run(variants.find(["attention"]), chosen, Silent())
    assert trained == []


def test_anew_forgets_the_rows_that_are_made_and_no_others(trained, tmp_path):
    _, earlier = table(tmp_path, ["dscnn", "attention"])
    trained.clear()
    made, _ = table(tmp_path, ["attention"], earlier.without(["attention"]), "two")
    assert trained == [("attention", "embedded")]
    assert list(dict.fromkeys(row["variant"] for row in made["rows"])) == ["dscnn", "attention"]
    assert earlier.without(["dscnn", "attention"]) == Earlier()


def test_what_other_code_trained_is_trained_again(trained, tmp_path, monkeypatch):
    table(tmp_path, ["attention"])
    trained.clear()
    table(tmp_path, ["attention"])
    assert trained == []
    monkeypatch.setattr(own_code, "digest", lambda parts: "another")
    table(tmp_path, ["attention"])
    assert trained == [("attention", "embedded")]


def test_a_row_has_the_times_that_its_counts_predict(tmp_path):
    counts = {"all": 20e6, "features": 7e6, "inference": 12e6}
    row = {"pipeline": MODEL.name, "digest": digest(MODEL), "boards": {"pi": {"instructions": counts}}}
    seconds = result_row.timed(row, MODEL.parent)["boards"]["pi"]["seconds"]
    assert set(seconds) == set(counts)
    for low, typical, high in seconds.values():
        assert 0 < low < typical < high
    assert seconds["all"][1] > seconds["features"][1] + seconds["inference"][1]
    assert result_row.timed(row | {"digest": "of other files"}, MODEL.parent)["boards"] == row["boards"]


def test_without_recordings_the_column_stays(trained, sounds, tmp_path):
    made, earlier = table(tmp_path, ["attention"], recordings=sounds)
    again, _ = table(tmp_path, ["attention"], earlier, "two")
    assert again == made


@pytest.fixture
def taught(monkeypatch):
    """Two variants: one teaches the other."""
    teacher = variants.Variant("crnn", "crnn", variants.BOTH, "teaches")
    student = variants.Variant("cnn-distilled", "cnn", variants.BOTH, "learns", teacher="crnn")
    monkeypatch.setattr(variants, "VARIANTS", (teacher, student))


def test_a_teacher_is_trained_on_the_folds_again_only_for_a_student_that_is_not_there(
    trained, taught, sounds, tmp_path
):
    _, earlier = table(tmp_path, ["crnn"], recordings=sounds)
    trained.clear()
    _, earlier = table(tmp_path, ["crnn", "cnn-distilled"], earlier, "two", recordings=sounds)
    assert trained == [("crnn", "recordings"), ("cnn-distilled", "embedded"), ("cnn-distilled", "recordings")]
    trained.clear()
    table(tmp_path, ["crnn", "cnn-distilled"], earlier, "three", recordings=sounds)
    assert trained == []


def test_a_student_is_taught_again_by_another_teacher(trained, taught, sounds, tmp_path, monkeypatch):
    _, earlier = table(tmp_path, ["crnn", "cnn-distilled"], recordings=sounds)
    trained.clear()
    other = variants.Variant("crnn", "crnn", variants.BOTH, "teaches", recording_epochs=7)
    monkeypatch.setattr(variants, "VARIANTS", (other, variants.VARIANTS[1]))
    table(tmp_path, ["crnn", "cnn-distilled"], earlier, "two", recordings=sounds)
    assert trained == [("crnn", "recordings"), ("cnn-distilled", "recordings")]


OTHERS = [({"seed": 2}, "seed 1, not 2"), ({"clips": 70}, "clips {'train': 6000, 'test': 2000}, not {'train': 70")]


@pytest.mark.parametrize(("changed", "said"), OTHERS, ids=["seed", "clips"])
def test_rows_that_cannot_stand_beside_each_other_are_refused(changed, said, trained, tmp_path):
    _, earlier = table(tmp_path, ["attention"])
    with pytest.raises(SettingsError) as error:
        table(tmp_path, ["dscnn"], earlier, **changed)
    assert said in str(error.value)
    assert "--anew" in str(error.value)


def test_techniques_are_measured_on_what_ships_and_else_stay_as_they_were(trained, tmp_path, monkeypatch):
    def measured(name, directory, boards, work, before):
        assert directory.is_dir()
        row = {"technique": name, "times": before.get("times", 0) + 1, "boards": {one: {} for one in boards}}
        return row | {"labels": {"other": 0, "of": 1}}

    monkeypatch.setattr(technique_row, "measured", measured)
    monkeypatch.setattr(technique_row, "line", str)
    monkeypatch.setattr(counting, "counter", str)
    uncounted = result_row.measured
    monkeypatch.setattr(result_row, "measured", lambda made, boards, *rest: uncounted(made, (), *rest))
    made, earlier = table(tmp_path, ["attention"], boards=("pi",))
    assert made["techniques"] == []
    for times in (1, 2):
        made, earlier = table(tmp_path, ["dscnn"], earlier, boards=("pi",))
        assert [row["technique"] for row in made["techniques"]] == list(techniques.names())
        assert {row["times"] for row in made["techniques"]} == {times}
    without_boards, earlier = table(tmp_path, ["dscnn"], earlier)
    assert without_boards["techniques"] == made["techniques"]
    assert earlier.techniques.keys() == set(techniques.names())


def test_the_table_so_far_is_given_after_each_variant(trained, tmp_path):
    seen = []
    wanted = variants.find(["cnn", "attention"])
    chosen = results.Settings(tmp_path / "models", tmp_path / "work", boards=())
    results.run(wanted, chosen, Silent(), on_variant=lambda made: seen.append(len(made["rows"])))
    assert seen == [2, 4]


def test_a_file_that_is_no_report_is_not_gone_on_from(tmp_path):
    path = tmp_path / "results.json"
    assert Earlier.read(path, 2) == Earlier()
    path.write_text('{"schema": 1, "rows": [{"an": "older one"}]}')
    assert Earlier.read(path, 2) == Earlier()
    for text in ("{", "[]", '{"schema": 2}', '{"schema": 2, "rows": [7]}'):
        path.write_text(text)
        with pytest.raises(SettingsError, match="is no table of results, so it is neither continued nor written over"):
            Earlier.read(path, 2)
