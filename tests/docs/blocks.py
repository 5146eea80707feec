"""The code blocks of a Markdown page, each with what the comments before it say of it.

A comment directly before a block is a mark, `<!-- MARK -->` or `<!-- MARK: VALUE -->`:

- ``file: NAME``: the block is that file of the page's project.
- ``run`` or ``run: STATUS``: the commands are run there, and end with that exit status (0 by default).
- ``printed``: the commands that ran last printed each line, numbers and widths aside; ``...`` stands for any lines.
- ``before: CODE``: Python that is run before the block and that the reader need not see.
- ``device: NAME``: where the budgets of the block are judged; `host` by default.
- ``not run: REASON``: nothing of it can be run here. Python is compiled, commands are parsed all the same.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

MARKS = ("file", "run", "printed", "before", "device", "not run")
SHELLS = ("console", "sh", "bash")
NUMBER = re.compile(r"[+\-−±]?\d[\d.,]*")
BREAKS = frozenset({"&&", "||", "|", ";"})


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        page: The page's file.
        line: Of the block's first line, from 1.
        language: The first word behind the fence; "" for an indented block.
        text: Its lines.
        marks: Mark -> value, "" for one without.
        fenced: Whether it is a fenced block.
    """

    page: Path
    line: int
    language: str
    text: str
    marks: Mapping[str, str] = field(default_factory=dict)
    fenced: bool = True

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def of(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order, indented ones too.

    Raises:
        ValueError: If a comment before a block is no mark.
    """
    marks: dict[str, str] = {}
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        if token.type == "html_block":
            marks |= dict(_mark(comment) for comment in re.findall(r"<!--(.*?)-->", token.content, flags=re.DOTALL))
        elif token.type in {"fence", "code_block"}:
            line = (token.map or [0])[0] + 1
            unknown = marks.keys() - set(MARKS)
            if unknown:
                raise ValueError(
                    f"{page.name}:{line}: unknown mark {sorted(unknown)[0]!r}; there are {', '.join(MARKS)}"
                )
            words = token.info.split()
            yield Block(page, line, words[0] if words else "", token.content, marks, token.type == "fence")
            marks = {}
        else:
            marks = {}


def spans(page: Path) -> Iterator[str]:
    """Yield what stands between backticks in a page's sentences and tables."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


def _mark(comment: str) -> tuple[str, str]:
    name, _, value = comment.strip().partition(":")
    return name.strip(), value.strip()


def commands(text: str) -> list[list[str]]:
    """Return the words of each command of a shell block: behind `$` where there are such lines, else all lines."""
    joined = text.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in joined if line.startswith("$ ")]
    found: list[list[str]] = []
    for line in prompted or joined:
        words: list[str] = []
        for word in [*_words(line), ";"]:
            if word not in BREAKS:
                words.append(word)
            elif words:
                found.append(words)
                words = []
    return found


def script(text: str) -> str:
    """Return a shell block as a script: without prompts and without what was printed."""
    lines = text.splitlines()
    return "\n".join([line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines)


def _words(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    # Where the output goes is no argument.
    for index, word in enumerate(words):
        if word in {">", ">>", "<", "2>"}:
            return words[:index] + words[index + 2 :]
    return words


def plain(line: str) -> str:
    """Return a line without what differs from run to run: numbers, widths and rules."""
    told = " ".join(NUMBER.sub("#", re.sub(r"[=_]{3,}|\s+", " ", line)).split())
    # Where all samples are equal there is no interval.
    return told.replace(" (#–#)", "")


def unseen(said: str, printed: str) -> list[str]:
    """Return the lines of `said` that `printed` does not have, in its order."""
    rest = [plain(line) for line in printed.splitlines()]
    missing = []
    for line in map(plain, said.splitlines()):
        if not line or line == "...":
            continue
        if line in rest:
            rest = rest[rest.index(line) + 1 :]
        else:
            missing.append(line)
    return missing
