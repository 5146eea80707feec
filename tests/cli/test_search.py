import importlib.util
import json
import re
import subprocess
import sys

import pytest

from edgesense import cli, pipeline
from edgesense.cli import _search, search
from edgesense.training.search import results
from edgesense.training.search.results import Row
from edgesense.training.search.space import Candidate

needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="architecture search needs the search extra"
)
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="training needs the train extra"
)
SMALL = ("--choose", "depth=2", "--choose", "width=8", "--choose", "n_fft=512", "--choose", "n_mels=32")
TINY = ("--clips", "70", "--validation-clips", "20", "--epochs", "1", "--cost", "macs", "--passes", "int8", *SMALL)


def run(*arguments, cwd):
    """The command in a process of its own."""
    command = [sys.executable, "-m", "edgesense.cli", "search", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def refused(capsys, *arguments):
    assert cli.main(["search", *map(str, arguments)]) == 2
    return capsys.readouterr().err


@needs_optuna
@needs_tensorflow
def test_a_real_trial_ends_in_a_front_with_its_report_plots_pipeline_and_test(tmp_path):
    first = run(*TINY, "--trials", 1, "--work", "work", "--report", "report.json", "--plot", "a.svg", cwd=tmp_path)
    assert first.returncode == 0, first.stderr[-2000:]
    report = json.loads((tmp_path / "report.json").read_text())
    (trial,) = report["trials"]
    assert (trial["state"], trial["front"], report["tested"]) == ("complete", True, None)
    assert trial["score"] == trial["facts"]["scores"]["accuracy"]
    assert trial["facts"]["scores"]["clips"] == 20
    assert trial["cost"] > 0
    assert "estimate" in report["objectives"]["cost"]["about"]
    assert str(tmp_path) not in json.dumps(report)
    assert "<svg" in (tmp_path / "a.svg").read_text()

    options = (
        "--trials",
        1,
        "--work",
        "work",
        "--report",
        "report.json",
        "--plot",
        "a.html",
        "--export",
        "out",
        "--test",
    )
    again = run(*TINY, *options, "--test-clips", 10, cwd=tmp_path)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "trial 0:" not in again.stdout
    opened = pipeline.open(tmp_path / "out" / "trial-0")
    assert (opened.name, opened.settings.n_fft, opened.settings.n_mels) == ("trial-0", 512, 32)
    assert len(opened.settings.column_mean) == opened.settings.width
    tested = json.loads((tmp_path / "report.json").read_text())["tested"]
    assert (tested["clips"], list(tested["scores"])) == (10, ["trial-0"])
    more = run(*TINY, "--trials", 2, "--work", "work", cwd=tmp_path)
    assert more.returncode == 2
    assert "have been looked at" in more.stderr


@needs_optuna
def test_other_settings_of_a_study_are_refused_with_the_difference(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("edgesense.training.search.loop.Search.run", lambda self, trials: None)
    assert cli.main(["search", *TINY, "--work", str(tmp_path)]) == 0
    assert "trials: none" in capsys.readouterr().out
    said = refused(capsys, *TINY, "--epochs", 2, "--work", tmp_path)
    assert "plan.epochs is 1 there and 2 here" in said
    # A count and an estimate never share a study.
    monkeypatch.setattr("edgesense.perf.devices.emulated.Emulated.available", lambda self: None)
    said = refused(capsys, *TINY, "--cost", "pi", "--work", tmp_path)
    assert 'cost.unit is "multiply-accumulates" there and "instructions" here' in said


@needs_optuna
def test_an_interrupt_ends_with_what_is_known_and_the_command_that_goes_on(tmp_path, capsys, monkeypatch):
    def interrupt(self, trials):
        raise KeyboardInterrupt

    monkeypatch.setattr("edgesense.training.search.loop.Search.run", interrupt)
    status = cli.main(["search", *TINY, "--work", str(tmp_path), "--seed", "3", "--report", str(tmp_path / "r.json")])
    assert status == cli.INTERRUPTED
    said = capsys.readouterr().out
    assert "no trial is complete yet" in said
    command = re.search(r"this goes on: (edgesense search .*)", said)[1]
    for words in ("--seed 3", "--choose width=8", "--clips 70", f"--work {tmp_path}", "--cost macs"):
        assert words in command
    assert "--report" not in command
    assert json.loads((tmp_path / "r.json").read_text())["trials"] == []


@needs_optuna
def test_no_secret_of_a_storage_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    url = "postgresql+psycopg2://ada:s3cret@db.example/searches"
    said = refused(capsys, *TINY, "--work", tmp_path, "--storage", url)
    assert said == "edgesense: postgresql+psycopg2://db.example/searches needs psycopg2: pip install psycopg2-binary\n"
    monkeypatch.setenv(search.VARIABLE, url)
    assert "db.example/searches needs psycopg2" in refused(capsys, *TINY, "--work", tmp_path)


def test_without_optuna_one_line_names_the_extra(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    said = refused(capsys, "--work", tmp_path)
    assert said == "edgesense: architecture search needs optuna: pip install 'pytest-edgesense[search]'\n"


@needs_optuna
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--choose", "width"), "--choose must look like width=16,32, not 'width'"),
        (("--choose", "widht=3"), "the search space has no 'widht'"),
        (("--passes", "int9"), "unknown pass 'int9'"),
        (("--cost", "host"), "host counts no instructions"),
        (("--cost", "macs", "--most-instructions", "1e6"), "a limit on instructions says nothing about"),
        (("--cost", "macs", "--most-macs", "0"), "a limit on multiply-accumulates must be above 0, not 0"),
        (("--cost", "macs", "--folds", "1"), "--folds belongs to a folder with a manifest"),
        (("--plot", "front.png"), "must end in .svg or .html"),
        (("--report", "nowhere/r.json"), "its directory is not there"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_begun(tmp_path, capsys, options, said):
    work = tmp_path / "work"
    message = refused(capsys, *options, "--work", work)
    assert said in message
    assert not work.exists()


def test_the_estimate_of_what_is_left_is_in_words():
    assert _search.estimate(0.0) == "none left"
    assert _search.estimate(89.0) == "about 89 s left"
    assert _search.estimate(90.0) == "about 2 min left"


def row(**changes):
    values = {"number": 1, "state": "complete", "score": 0.5, "cost": 2e6, "why": "", "facts": {}, "front": False}
    return Row(candidate=Candidate(2, 8, 3, "logmel", 512, 160, 32, "int8"), **(values | changes))


def test_an_outcome_is_told_in_words():
    assert _search.outcome(row()) == "has 0.5000 at 2.00 M"
    assert _search.outcome(row(front=True)) == "has 0.5000 at 2.00 M, on the front"
    assert _search.outcome(row(state="pruned", why="too dear")) == "was pruned: too dear"
    assert _search.outcome(row(state="failed", why="no luck")) == "failed: no luck"


def test_without_a_terminal_each_trial_is_a_plain_line_with_an_estimate():
    import io

    from rich.console import Console

    written = io.StringIO()
    with _search.Progress(Console(file=written, force_terminal=False, width=200)) as progress:
        progress.began(1, row().candidate)
        progress.step(1, 2, 0.4)
        progress.detail("features of 10 clips computed")
        progress.ended(row(), 1, 1)
    lines = written.getvalue().splitlines()
    assert lines[0] == "trial 1: depth 2, width 8, kernel 3, logmel, n_fft 512, hop 160, 32 mels, int8"
    assert lines[1] == "trial 1 has 0.5000 at 2.00 M; 1 of 1 done, none left"
    assert len(lines) == 2


def test_a_front_is_a_table_of_its_candidates():
    table = _search._table(results.front([row(front=True), row(number=2)]), _cost())
    assert table.row_count == 1
    assert "made up" in str(table.title)


def _cost():
    from edgesense.training.search.table import TableEvaluator

    return TableEvaluator().cost
