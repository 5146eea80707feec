import re
from dataclasses import replace

import pytest

from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report import example
from edgesense.report.formats import html
from edgesense.report.page import scale
from edgesense.report.records import Attached, Result, RunRecord


def test_it_is_one_page_that_asks_for_nothing_else(tmp_path):
    text = html.render(example.run(12), root=tmp_path)
    assert not re.search(r"""(?:src|href)=["']?https?:""", text)
    assert text.count('<article class="row') == 12


def test_names_and_reasons_are_text_and_never_markup(tmp_path):
    run = example.run(2)
    evil = "<script>alert(1)</script>\"'&"
    named = replace(run.results[1], nodeid=f"test_it.py::test_x[{evil}]", failure=evil, device=evil)
    text = html.render(replace(run, results=(run.results[0], named), said=evil, problems=(evil,)), root=tmp_path)
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


def test_what_explains_a_budget_is_inside_and_what_is_for_other_programs_is_linked_where_it_lies(tmp_path):
    (tmp_path / "flame.svg").write_text(example.flame_graph(), encoding="utf-8")
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    said = (Attached("graph", "flame.svg"), Attached("samples", "x.json"), Attached("no table", reason="not installed"))
    text = html.render(example.run(12, attached=said), root=tmp_path)
    assert re.search(r'<script type="text/plain" id="file-[0-9a-f]{12}">', text)
    assert '<a href="x.json">samples</a>' in text
    assert "not installed" in text


def test_no_file_outside_of_the_project_is_read(tmp_path):
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    root = tmp_path / "project"
    root.mkdir()
    text = html.render(example.run(12, attached=(Attached("notes", "../secret.txt"),)), root=root)
    assert "outside of the project" in text
    assert "file-" not in re.sub(r"file-name", "", text.partition("<script>")[0].partition("</style>")[2])


def test_a_number_that_cannot_be_told_says_why_beside_it(tmp_path):
    finding = Finding("latency_ms", 5.0, None, Outcome.INCONCLUSIVE, Outcome.NOT_COMPARED, why=("three rounds alone",))
    unsure = Result("t", "t", "host", Verdict("t", "host", (finding,)), outcome="passed", letter="?")
    text = html.render(RunRecord((unsure,)), root=tmp_path)
    assert '<ul class="reasons open"><li><b>latency_ms</b>: three rounds alone</li></ul>' in text


@pytest.mark.parametrize(("share", "text"), [(0.68, "68 %"), (9.99, "999 %"), (10, "10×"), (152.19, "152×")])
def test_the_share_of_a_limit_has_room_in_its_column(share, text):
    assert scale.used(share) == text
