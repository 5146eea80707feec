"""Every code block of every page: run, parsed, or marked with the reason why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("markdown_it")
pytest.importorskip("pytest_benchmark")
pytest.importorskip("xdist")

import blocks
import programs
from checks import Page
from programs import ROOT

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
SHOWN = {("README.md", "text"): "printed by the commands beside it, on one computer"}
"""Blocks without marks of their own: (page, language) -> why they are not run."""


@pytest.fixture(scope="module")
def bin_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return programs.environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture
def page(
    bin_: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    for name in ("CI", "GITHUB_ACTIONS", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path_factory.mktemp("cache")))
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Reader")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "reader@example.org")
    return Page(pytester.path, bin_, pytester.parseconfig)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_a_page_is_what_it_says(path: Path, page: Page) -> None:
    files(page.root)
    wrong = check(path, page)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_sentence_of_a_page_is_one(path: Path, page: Page) -> None:
    wrong = []
    for text in blocks.spans(path):
        try:
            programs.mention(text, page.parse)
        except (AssertionError, ValueError) as error:
            wrong.append(f"`{text}`: {error}")
    assert not wrong, "\n\n".join(wrong)


def check(path: Path, page: Page) -> list[str]:
    """Return what is wrong with the blocks of a page, all of it."""
    wrong = []
    for block in blocks.of(path):
        if (path.name, block.language) in SHOWN:
            continue
        try:
            page.check(block)
        except (Exception, pytest.UsageError) as error:  # noqa: BLE001 - all that is wrong with a page is told at once
            wrong.append(f"{block}: {type(error).__name__}: {error}")
    return wrong


def files(root: Path) -> None:
    """Put into a reader's directory what pages take for granted: the shipped models, and two of the reader's own."""
    (root / "models").symlink_to(ROOT / "models", target_is_directory=True)
    (root / "model.tflite").write_bytes((ROOT / "models/dscnn-int8/model.tflite").read_bytes())
    (root / "new.tflite").write_bytes((ROOT / "models/dscnn-float32/model.tflite").read_bytes())
    items = np.random.default_rng(1).normal(size=(20, 201, 64)).astype(np.float32)
    np.savez(root / "labelled.npz", items=items, answers=np.array(["background"] * 20))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a-page.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```console\n$ edgesense bench m.tflite --iteration-s 3\n```", "unrecognized arguments: --iteration-s"),
        ("```console\n$ pytest --edge-devise=pi\n```", "unrecognized arguments: --edge-devise"),
        ("```console\n$ pip install 'pytest-edgesense[liter]'\n```", "no such extra"),
        ("```console\n$ pesty\n```", "what is 'pesty'"),
        ("    edgesense benhc\n", "invalid choice"),
        ("```python\nraise ValueError('here')\n```", "here"),
        ("<!-- not run: no such package -->\n```python\nimport (\n```", "invalid syntax"),
        ("```python\nimport pytest\n@pytest.mark.edge_budget(sise_kb=1)\ndef test_a(): ...\n```", "mean size_kb"),
        ('```toml\n[tool.edgesense]\nship = "one"\n```', "a list of packages, modules and folders"),
        ("```toml\n[tool.pytest.ini_options]\nedge_devise = 'pi'\n```", "edge_devise"),
        ("```yaml\nscript:\n  - edgesense devices set-up pi\n```", "set-up"),
        ("```kotlin\nval a = 1\n```", "a block of kotlin cannot be checked"),
        ("```\nwhat\n```", "a block of no language cannot be checked"),
        ("<!-- run -->\n```console\n$ exit 3\n```", "what is 'exit'"),
        ("<!-- run -->\n```console\n$ cat missing\n```", "ended with 1"),
        ("<!-- run -->\n```console\n$ cat a-file\n```\n\n<!-- printed -->\n```text\n1 other\n```", "# other"),
    ],
)  # fmt: skip
def test_a_block_that_is_wrong_is_found(text: str, said: str, page: Page, tmp_path: Path) -> None:
    (page.root / "a-file").write_text("3.5 things\n", encoding="utf-8")
    files(page.root)
    told = check(write(tmp_path, text), page)
    assert len(told) == 1
    assert said in told[0]


def test_a_comment_that_is_no_mark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a-page.md:2: unknown mark 'norun'"):
        list(blocks.of(write(tmp_path, "<!-- norun: why -->\n```python\n1\n```")))


def test_what_was_printed_may_differ_in_numbers_and_widths_only() -> None:
    printed = "=== 3 passed in 1.25s ===\nlatency  7.3 ms (3.9–11.7)\nsize     12 KiB\n"
    assert blocks.unseen("latency 0.5 ms (0.4–0.6)\n...\nsize 1,024 KiB\n", printed) == []
    late = "latency 7.3 ms (3.9–11.7)"
    assert blocks.unseen(f"size 12 KiB\n{late}", printed) == [blocks.plain(late)]
    assert blocks.unseen("size 12 MiB", printed) == ["size # MiB"]


def test_commands_are_told_from_what_they_printed() -> None:
    text = "$ edgesense bench m \\\n    --device pi > out.txt && pytest  # a remark\nprinted\n"
    assert blocks.commands(text) == [["edgesense", "bench", "m", "--device", "pi"], ["pytest"]]
