import base64
import os
import zlib

import pytest

from edgesense.report.page import files
from edgesense.report.page.files import Files, Shown, below
from edgesense.report.records import Attached


def reading(**contents):
    def read(path):
        if path not in contents:
            raise FileNotFoundError(2, "No such file or directory", path)
        return contents[path]

    return read


def test_a_flame_graph_is_packed_and_comes_out_as_it_was():
    packing = Files(reading(**{"a.svg": b"<svg/>"}))
    shown = packing.show(Attached("graph", "a.svg"))
    assert (shown.form, shown.size, shown.link) == ("image/svg+xml", 6, "")
    assert zlib.decompress(base64.b64decode(packing.packed[shown.packed])) == b"<svg/>"


def test_one_content_is_packed_once_whatever_it_is_called():
    packing = Files(reading(**{"a.txt": b"same", "b.txt": b"same"}))
    assert packing.show(Attached("a", "a.txt")).packed == packing.show(Attached("b", "b.txt")).packed
    assert len(packing.packed) == 1


def test_one_content_in_two_forms_is_packed_twice():
    packing = Files(reading(**{"a.txt": b"same", "a.html": b"same"}))
    assert packing.show(Attached("a", "a.txt")).packed != packing.show(Attached("b", "a.html")).packed


def test_a_file_for_another_program_lies_beside_the_page():
    packing = Files(reading(**{"deep/scope.json": b"{}"}))
    shown = packing.show(Attached("samples", "deep/scope.json"))
    assert shown.said == "for another program"
    assert packing.copies == {shown.link: b"{}"}
    assert shown.link.startswith("files/")
    assert shown.link.endswith("-scope.json")


def test_a_file_that_is_too_large_for_the_page_lies_beside_it():
    packing = Files(reading(**{"big.html": os.urandom(files.FILE_AT_MOST)}))
    shown = packing.show(Attached("graph", "big.html"))
    assert (shown.packed, shown.said) == ("", "too large to be inside this page")
    assert list(packing.copies) == [shown.link]


def test_all_packed_files_together_have_a_limit_too():
    contents = {f"{number}.html": os.urandom(int(0.7 * files.FILE_AT_MOST)) for number in range(6)}
    packing = Files(reading(**contents))
    shown = [packing.show(Attached(name, name)) for name in contents]
    assert [bool(one.packed) for one in shown] == [True] * 4 + [False] * 2
    assert sum(map(len, packing.packed.values())) <= files.ALL_AT_MOST


def test_without_a_place_beside_the_page_a_file_is_linked_where_it_lies():
    packing = Files(reading(**{"scope.json": b"{}"}), beside=False)
    assert packing.show(Attached("samples", "scope.json")).link == "scope.json"
    assert packing.copies == {}


def test_a_file_that_is_gone_is_said_to_be_gone():
    shown = Files(reading()).show(Attached("graph", "gone.svg"))
    assert shown == Shown("graph", said="gone.svg: No such file or directory")


def test_why_there_is_no_file_is_said():
    packing = Files(reading())
    assert packing.show(Attached("no graph", reason="py-spy is not installed")).said == "py-spy is not installed"
    assert packing.show(Attached("no graph")).said == "no file"


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "inside/../../secret", "out", "no\0name", ".", "pipe"])
def test_whatever_a_record_says_only_plain_files_of_the_project_are_read(tmp_path, path):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    root = tmp_path / "project"
    (root / "inside").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path / "secret")
    os.mkfifo(root / "pipe")
    shown = Files(below(root)).show(Attached("file", path))
    assert (shown.packed, shown.link, shown.size) == ("", "", 0)
    assert shown.said.startswith(path)


def test_a_file_of_the_project_is_read(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"text")
    assert below(tmp_path)("a.txt") == b"text"
