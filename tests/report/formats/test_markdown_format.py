"""Read by a parser of GitHub's Markdown: what it makes of a hostile name is looked at, not the text."""

from __future__ import annotations

import html.parser
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.report.formats import markdown
from edgesense.report.records import RunRecord


class Page(html.parser.HTMLParser):
    """The elements, the rows' numbers of cells and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[int] = []
        self.codes: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in {"td", "th"}:
            self.rows[-1] += 1
        if tag == "code":
            self.codes.append("")

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.codes:
            self.codes[-1] += data


def page(run: RunRecord) -> Page:
    markdown_it = pytest.importorskip("markdown_it")
    rendered = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    return Page(rendered.render(markdown.render(run, root=Path())))


def test_a_hostile_name_is_shown_and_nothing_else(run: RunRecord) -> None:
    shown = page(run)
    assert "script" not in shown.tags
    assert "strong" in shown.tags
    assert '<script>alert(1)</script> `@octocat` **100%, "a:b\\c" ::error::é]' in shown.words
    assert set(shown.rows) == {6}


def test_a_name_of_a_person_stands_in_code_where_nobody_is_called(run: RunRecord) -> None:
    assert any("@octocat" in one for one in page(run).codes)
    assert "@octocat" not in markdown.render(run, root=Path())


def test_what_fails_comes_first_with_its_number_limit_and_how_it_is_known(run: RunRecord) -> None:
    text = page(run).words
    assert "2 of 3 fail" in text
    assert "34.5 ms (34.0–35.0)" in text
    assert "≤ 30 ms" in text
    assert "measured" in text


def test_a_failure_cannot_end_its_block(run: RunRecord) -> None:
    nasty = replace(run.results[0], failure="a\n```\n<script>x</script>\n````\n</details>")
    shown = page(RunRecord((nasty,)))
    assert "script" not in shown.tags
    assert shown.tags.count("details") == 1
    assert "</details>" in shown.words


def test_a_comment_fits_and_says_what_it_leaves_out(many: RunRecord) -> None:
    text = markdown.render(many, root=Path())
    assert len(text) < 65_536
    assert "more blocks are left out: a comment holds 60,000 characters" in text


def test_it_is_the_same_every_time(run: RunRecord) -> None:
    assert markdown.render(run, root=Path()) == markdown.render(run, root=Path("elsewhere"))
