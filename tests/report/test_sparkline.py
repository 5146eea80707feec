from xml.etree import ElementTree as ET

from edgesense.report import sparkline


def test_the_smallest_and_the_largest_have_the_lowest_and_the_highest_block():
    assert sparkline.line([1.0, 3.0, 2.0]) in {"▁█▄", "▁█▅"}


def test_equal_numbers_stand_in_a_row():
    assert sparkline.line([5.0, 5.0]) == "▅▅"
    assert sparkline.line([]) == ""


def test_the_picture_is_well_formed_whatever_the_test_is_called():
    root = ET.fromstring(sparkline.picture("a<b>&\"c'", [1.0, 2.0], ["1 <", "2"], ["aaa", "bbb"]))  # noqa: S314 - its own text
    assert root[0].text == "a<b>&\"c'"
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 2
