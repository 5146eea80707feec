"""Command lines: their arguments by the real parsers, and an environment, like a reader's, to run them in."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from edgesense import cli
from pytest_edgesense import settings

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ("-p", "pytest_edgesense.plugin", "-p", "xdist", "-p", "pytest_benchmark.plugin")
FOREIGN = frozenset(
    """
    . adb apt-get cat cd chmod cp createdb curl export gh git idf.py litert-benchmark mkdir python3 rm ssh ssh-copy-id
    sudo tensorboard touch tox
    """.split()  # noqa: SIM905 - a list of words is read more easily without its quotes
)
"""Programs of others, whose arguments are theirs."""
OPTIONS_OF_OTHERS = frozenset({"--codspeed", "--memray"})
RUN = """set -u
pip() {
  python -m pip --quiet --disable-pip-version-check "$@" --no-deps --no-index --no-build-isolation --target "$SITE"
}
"""
PROGRAM = """#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""
PROGRAMS = {"pytest": ("pytest", "main"), "edgesense": ("edgesense.cli", "main")}


def check(words: Sequence[str], parse: Callable[..., pytest.Config]) -> None:
    """Check one command line without running it.

    Args:
        words: The program and its arguments.
        parse: What parses the arguments of pytest.
    """
    program, *arguments = [word for word in words if not re.fullmatch(r"\w+=.*", word)] or ["export"]
    if program == "python" and arguments[:2] == ["-m", "pytest"]:
        program, arguments = "pytest", arguments[2:]
    if program == "edgesense":
        said = refused(arguments)
        assert not said, f"{' '.join(words)}\n{said}"
    elif program == "pytest":
        settings.read(parse(*PLUGINS, *arguments))
    elif program == "pip" or arguments[:2] == ["-m", "pip"]:
        _extras(arguments)
    elif program == "python" and arguments[:1] != ["-m"]:
        assert (ROOT / arguments[0]).is_file(), f"there is no {arguments[0]}"
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert set(arguments) <= set(targets), f"no such target: {arguments}"
    else:
        assert program in FOREIGN | {"python"}, f"what is {program!r}? If it is others', name it in FOREIGN"


def mention(text: str, parse: Callable[..., pytest.Config]) -> None:
    """Check the verb and the options of a command in a sentence, whose values may be missing or words such as FILE."""
    if not text.startswith(("edgesense ", "pytest ")):
        return
    program, *arguments = shlex.split(text)
    if program == "edgesense":
        said = refused(arguments)
        assert "unrecognized arguments" not in said, said
        assert "argument COMMAND" not in said, said
        assert "argument ACTION" not in said, said
    else:
        known = parse(*PLUGINS)
        for word in {word.partition("=")[0] for word in arguments if word.startswith("--")} - OPTIONS_OF_OTHERS:
            known.getoption(word)


def refused(arguments: Sequence[str]) -> str:
    """Return why the parser of `edgesense` refuses arguments; "" if it takes them."""
    said = StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            cli.make_parser().parse_args(arguments)
    except SystemExit as end:
        return said.getvalue() if end.code else ""
    return ""


def _extras(arguments: Sequence[str]) -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for word in arguments:
        name, _, extras = word.rstrip("]").partition("[")
        if name == known["name"] and extras:
            assert set(extras.split(",")) <= set(known["optional-dependencies"]), f"no such extra: {word}"


def environment(root: Path) -> Path:
    """Make an environment as a reader has it: this project and what is installed here, but for the extra `profile`.

    Returns:
        The directory of its programs.
    """
    venv.create(root, symlinks=True)
    programs = root / "bin"
    (packages,) = root.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    (packages / "sitecustomize.py").write_text('import sys\n\nsys.modules["memray"] = None\n', encoding="utf-8")
    for name, (module, function) in PROGRAMS.items():
        script = PROGRAM.format(python=programs / "python", module=module, function=function)
        (programs / name).write_text(script, encoding="utf-8")
        (programs / name).chmod(0o755)
    return programs


def shell(script: str, where: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a directory, with the programs of an `environment`; its last command's status is its own."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash to run a page's commands with")
    site = where.parent / f"{where.name}-site"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "EDGESENSE_"))}
    said = {
        "PATH": os.pathsep.join((str(programs), kept["PATH"])),
        "PYTHONPATH": os.pathsep.join((str(site), str(ROOT))),
        "SITE": str(site),
        "EDGESENSE_CACHE": str(where.parent / "cache"),
        # What else is installed here is none of the reader's.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "pytest_edgesense.plugin",
        "COLUMNS": "100",
    }
    command = [bash, "-c", RUN + script]
    return subprocess.run(command, cwd=where, env=kept | said, capture_output=True, text=True, check=False)


def python(where: Path, *arguments: str) -> None:
    """Run Python in a directory.

    Raises:
        AssertionError: If it does not end well; with what it printed.
    """
    command = [sys.executable, *arguments]
    known = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=where, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
