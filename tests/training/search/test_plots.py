import re
import sys
import xml.etree.ElementTree as ET

import pytest

from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training.search import plots, results

pytest.importorskip("matplotlib")
pytest.importorskip("plotly")


@pytest.fixture
def searched(searching):
    search = searching()
    search.run(12)
    return search


def test_the_picture_has_a_mark_for_each_finished_trial_and_the_numbers_of_the_front(searched):
    rows = results.rows(searched.study)
    text = plots.svg(rows, searched.evaluator.cost, "study")
    root = ET.fromstring(text)  # noqa: S314 - it was made just now
    marks = [one for one in root.iter("{http://www.w3.org/2000/svg}use") if "PathCollection" not in str(one.attrib)]
    assert len(marks) >= sum(row.state == "complete" for row in rows)
    words = {"".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")}
    numbered = {number for word in words for number in word.split(", ")}
    assert {str(row.number) for row in results.front(rows)} <= numbered
    assert "million made up" in words
    assert "validation score" in words


def test_the_same_trials_give_the_same_picture(searched):
    rows = results.rows(searched.study)
    assert plots.svg(rows, searched.evaluator.cost, "study") == plots.svg(rows, searched.evaluator.cost, "study")


def test_one_trial_is_drawn_as_well(searching):
    search = searching()
    search.run(1)
    assert "<svg" in plots.svg(results.rows(search.study), search.evaluator.cost, "study")


def test_the_page_holds_its_own_program_and_asks_no_network(searched, tmp_path):
    path = tmp_path / "front.html"
    plots.write(searched.study, path, searched.evaluator.cost)
    page = path.read_text()
    assert "Plotly.newPlot" in page
    assert len(page) > 1_000_000
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert "million made up" in page


def test_other_suffixes_and_absent_folders_are_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"must end in \.svg or \.html"):
        plots.check(tmp_path / "front.png")
    with pytest.raises(SettingsError, match="its directory is not there"):
        plots.check(tmp_path / "nowhere" / "front.svg")
    plots.check(tmp_path / "front.svg")


def test_what_draws_is_asked_for_before_anything_is_searched(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(EdgeSenseError, match="needs plotly"):
        plots.check(tmp_path / "front.html")
    plots.check(tmp_path / "front.svg")
