"""Names and texts of a project, which may hold anything, made harmless for the files they are written to."""

from __future__ import annotations

import re
from pathlib import Path

MARKED = re.compile(r"[\\`*{}\[\]#|<>&~@$!]|(?<!\w)_|_(?!\w)|:(?=[\w/])")
"""What starts something in GitHub's Markdown; underscores within words, and colons before spaces, do not."""
RUN_OF_BACKTICKS = re.compile(r"`+")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def one_line(text: str) -> str:
    """Return a text on one line, without what no file of text may hold."""
    return " ".join(UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text).split())


def markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, also in a cell of a table."""
    return MARKED.sub(lambda found: f"&#{ord(found.group())};", one_line(text))


def code(text: str) -> str:
    """Return a name that Markdown shows as code; there no name of a person is called."""
    return f"<code>{markdown(text)}</code>"


def fenced(text: str) -> str:
    """Return lines as a block of Markdown that nothing in them can end."""
    longest = max((len(run) for run in RUN_OF_BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{UNPRINTABLE.sub('', text.replace(chr(13), chr(10)))}\n{fence}"


def shortened(text: str, most: int, rest: str) -> str:
    """Return a text of `most` characters at the most; what is cut away is said by `rest`."""
    return text if len(text) <= most else text[: max(0, most - len(rest) - 1)].rstrip() + "\n" + rest


def prefix(root: Path, top: Path | None) -> str:
    """Return what goes before a file's name from `root` so that it starts from `top`: ``sub/``, or nothing."""
    if top is None or not root.resolve().is_relative_to(top.resolve()):
        return ""
    below = root.resolve().relative_to(top.resolve()).as_posix()
    return "" if below == "." else f"{below}/"
