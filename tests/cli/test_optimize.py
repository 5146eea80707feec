import importlib.util
import json
import subprocess
import sys

import pytest

from edgesense import optimize
from edgesense.cli import main
from edgesense.training import results, variants

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="training needs the train extra"
)


def refused(capsys, *arguments):
    assert main(["optimize", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_every_pass_is_listed_with_what_it_does(capsys):
    assert main(["optimize", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(optimize.names())
    assert all(len(line.split()) > 3 for line in lines)


REFUSED = [
    (["ds_cnn", "--pass", "int8"], "--output DIR is where the pipelines are written"),
    (["ds_cnn", "--output", "out"], "name a pass with --pass: cluster, dynamic_range, float16"),
    (["ds_cnn", "--output", "out", "--pass", "prun"], "did you mean 'prune'?"),
    (["ds_cnn", "--output", "out", "--pass", "int8", "--pass", "prune"], "int8 makes the file"),
    (["dscnn", "--output", "out", "--pass", "int8"], "did you mean 'ds_cnn'?"),
    (["ds_cnn", "--output", "out", "--pass", "int8", "--alpha", "0.5"], "give --teacher DIR with it"),
    (["--all", "--output", "out", "--teacher", "crnn"], "the table's students have their own teachers"),
    (["--all", "--output", "out", "--report", "results.txt"], "give it a name that ends in .md"),
    (["--all", "--output", "out", "--only", "cnm"], "unknown variant 'cnm'"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=str)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_teacher_that_is_not_there_is_refused_before_anything_is_written(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["optimize", "cnn", "--output", "out", "--pass", "int8", "--teacher", "nobody"]) == 2
    assert capsys.readouterr().err == "edgesense: the teacher nobody is no pipeline directory\n"
    assert list(tmp_path.iterdir()) == []


def command(*arguments, cwd):
    """The command in a process of its own, where TensorFlow may be imported."""
    words = [sys.executable, "-m", "edgesense.cli", "optimize", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd)


@needs_tensorflow
def test_a_pass_that_the_architecture_cannot_have_is_refused_before_anything_is_trained(tmp_path):
    done = command("crnn", "--pass", "qat", "--clips", 70, "--output", "out", "--work", "work", cwd=tmp_path)
    assert done.returncode == 2
    assert "qat does not know recurrent layers (lstm): use int8" in done.stderr
    assert "epoch" not in done.stdout
    assert not list((tmp_path / "out").glob("*"))


@needs_tensorflow
def test_qat_of_an_attention_model_is_refused_before_anything_is_trained(tmp_path):
    chain = ("--pass", "prune", "--pass", "qat")
    done = command("attention", *chain, "--clips", 70, "--output", "out", "--work", "work", cwd=tmp_path)
    assert done.returncode == 2
    assert "this model cannot be trained with 8-bit rounding: Layer multiply" in done.stderr
    assert "epoch" not in done.stdout


@needs_tensorflow
def test_a_row_of_the_table_is_made_tested_and_kept(tmp_path):
    small = ("--clips", 120, "--test-clips", 10, "--epochs", 1, "--boards", ",", "--work", "work", "--output", "made")
    arguments = ("--all", "--only", "cnn", *small, "--report", "results.md")
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "results.json").read_text())
    assert [row["pipeline"] for row in found["rows"]] == ["cnn-float32", "cnn-int8"]
    recipe = json.loads((tmp_path / "made" / "cnn-int8" / "recipe.json").read_text())
    assert found["rows"][1]["embedded"]["accuracy"] == recipe["test"]["accuracy"]
    assert "| `cnn-int8` |" in (tmp_path / "results.md").read_text()
    again = command(*arguments, cwd=tmp_path)
    assert "cnn: as the earlier table has it" in again.stdout
    assert json.loads((tmp_path / "results.json").read_text()) == found
    anew = command(*arguments, "--anew", cwd=tmp_path)
    assert "cnn: made before" in anew.stdout


@pytest.fixture
def table(monkeypatch):
    """A table that is made at once."""
    asked = []

    def run(wanted, settings, *_):
        asked.append((wanted, settings))
        clips = {"train": settings.clips, "test": settings.test_clips}
        return {"command": settings.command, "clips": clips, "recordings": None, "rows": [], "impossible": []}

    monkeypatch.setattr(results, "run", run)
    return asked


def test_the_table_goes_to_a_page_and_a_file_of_numbers_beside_it(table, tmp_path, capsys):
    page = tmp_path / "results.md"
    assert main(["optimize", "--all", "--output", str(tmp_path / "made"), "--report", str(page)]) == 0
    assert page.read_text().startswith("# Every optimisation, measured")
    assert json.loads(page.with_suffix(".json").read_text())["clips"] == {"train": 6000, "test": 2000}
    assert table[0][0] == variants.VARIANTS
    assert "results.json" in capsys.readouterr().out


def test_the_page_names_the_command_that_makes_it_without_this_computers_folders(table, tmp_path, capsys):
    arguments = ["optimize", "--all", "--output", str(tmp_path / "made"), "--dataset", str(tmp_path / "sounds")]
    assert main([*arguments, "--only", "dscnn", "--epochs", "3"]) == 0
    shown = capsys.readouterr().out
    assert str(tmp_path) not in shown
    assert (
        "edgesense optimize --all --output made --dataset sounds --classes normal,wheeze,crackle --only dscnn "
        "--epochs 3" in shown
    )
    assert table[0][1].recordings == tmp_path / "sounds"
