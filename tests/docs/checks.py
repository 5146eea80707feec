"""What is checked of a block: settings by their real readers, commands by their real parsers, Python by running it."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import blocks
import programs
import pytest
from blocks import Block
from programs import PLUGINS

from edgesense.perf import devices, profiles, project

DEFAULT_PIPELINE = "edge_pipeline=models/dscnn-int8"
COMMANDS = re.compile(r"(\$ )?(edgesense|pytest|python) ")


class Page:
    """The project of one page: a directory that its blocks are written into and run in, in order."""

    def __init__(self, root: Path, bin_: Path, parse: Callable[..., pytest.Config]) -> None:
        """The directory; the programs of a `programs.environment`; and what parses the arguments of pytest."""
        self.root = root
        self.parse = parse
        self._bin = bin_
        self._code = ""
        self._printed = ""

    def check(self, block: Block) -> None:
        """Check one block.

        Raises:
            Exception: Whatever is wrong with it.
        """
        if not block.fenced:
            if COMMANDS.match(block.text):
                self._shell(block)
        elif "file" in block.marks:
            self._file(block, block.marks["file"])
        elif block.language in blocks.SHELLS:
            self._shell(block)
        elif block.language in READERS:
            READERS[block.language](self, block.text)
        elif block.language == "python":
            self._python(block)
        elif "printed" in block.marks:
            missing = blocks.unseen(block.text, self._printed)
            assert not missing, f"not printed: {missing}\nprinted was:\n{self._printed}"
        else:
            what = f"a block of {block.language or 'no language'} cannot be checked"
            assert block.marks.get("not run"), f"{what}: put <!-- not run: REASON --> before it"

    def _file(self, block: Block, name: str) -> None:
        if name.endswith(".py"):
            compile(block.text, name, "exec")
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if path.name == project.FILE:
            _toml(self, block.text)

    def _shell(self, block: Block) -> None:
        for words in blocks.commands(block.text):
            programs.check(words, self.parse)
        if "run" not in block.marks:
            return
        script, wanted = blocks.script(block.text), int(block.marks["run"] or 0)
        done = programs.shell(script, self.root, self._bin)
        self._printed = done.stdout + done.stderr
        assert done.returncode == wanted, f"{script}\nended with {done.returncode}:\n{self._printed}"

    def _python(self, block: Block) -> None:
        compile(block.text, str(block), "exec")
        if "not run" in block.marks:
            assert block.marks["not run"], "say why it is not run: <!-- not run: REASON -->"
            return
        code = f"{block.marks.get('before', '')}\n{block.text}\n"
        # The blocks of a page are one program; a process of its own, because pytester undoes imports in this one.
        self._code += code
        programs.python(self.root, "-c", self._code)
        if "\ndef test_" in block.text:
            test = self.root / f"test_block_{block.line}.py"
            test.write_text(code, encoding="utf-8")
            # Nothing is measured: unknown limits, devices and pipelines are refused at collection.
            where = f"--edge-device={block.marks.get('device', 'host')}"
            quick = ("-q", "--edge-explain", "-o", DEFAULT_PIPELINE, "--rootdir=.", where)
            programs.python(self.root, "-m", "pytest", *PLUGINS, *quick, test.name)


def _toml(page: Page, text: str) -> None:
    tools = tomllib.loads(text).get("tool", {})
    _known_keys(page, tools.get("pytest", {}).get("ini_options", {}))
    if "edgesense" in tools:
        (page.root / project.FILE).write_text(text, encoding="utf-8")
        said = project.read(page.root)
        devices.declared(said)
        for name in said.profiles:
            profiles.named(name, said.profiles)


def _ini(page: Page, text: str) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(text)
    _known_keys(page, parser["pytest"] if parser.has_section("pytest") else {})


def _known_keys(page: Page, keys: Mapping[str, Any]) -> None:
    known = page.parse(*PLUGINS)
    for name in keys:
        known.getini(name)


def _yaml(page: Page, text: str) -> None:
    yaml = pytest.importorskip("yaml")
    for line in _scripts(yaml.safe_load(text)):
        for words in blocks.commands(re.sub(r"\$\{\{.*?\}\}", "VALUE", line)):
            programs.check(words, page.parse)


def _scripts(node: Any, key: str = "") -> list[str]:
    if isinstance(node, dict):
        return [one for name, value in node.items() for one in _scripts(value, name)]
    if isinstance(node, list):
        return [one for value in node for one in _scripts(value, key)]
    return [node] if key in {"run", "script"} and isinstance(node, str) else []


def _json(_: Page, text: str) -> None:
    json.loads(text)


READERS: Mapping[str, Callable[[Page, str], None]] = {"toml": _toml, "ini": _ini, "yaml": _yaml, "json": _json}
