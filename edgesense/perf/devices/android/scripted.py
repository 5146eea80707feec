"""A phone that is a directory here, behind a real ``adb`` program: a public fake for tests of what uses a phone.

`ScriptedPhone.install` writes an executable ``adb``; put its directory first on PATH. Commands for the phone are run by
this computer's own shell with the phone's ``/data/local/tmp`` below the directory, so quoting, exit statuses, processes
and files are real ones. What the phone does wrong is said with `ScriptedPhone.change`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SHARED = "/data/local/tmp"
PROPERTIES: Mapping[str, str] = {
    "ro.product.cpu.abi": "arm64-v8a",
    "ro.soc.model": "SC1234",
    "ro.product.manufacturer": "Scripted",
    "ro.product.model": "One",
    "ro.build.version.release": "14",
}
SERIAL = "SCRIPTED01"

ADB = """#!PYTHON -IS
import json, os, shutil, subprocess, sys
from pathlib import Path

ROOT, SHARED = Path(ROOT_TEXT), SHARED_TEXT
STATE = ROOT / "state.json"
state = json.loads(STATE.read_text())
phones = dict(state["phones"])
words = sys.argv[1:]
with (ROOT / "calls.jsonl").open("a") as log:
    print(json.dumps(words), file=log)

def fail(text, status=1):
    print(text, file=sys.stderr)
    raise SystemExit(status)

def leave():
    STATE.write_text(json.dumps({**state, "phones": []}))

if words == ["devices"]:
    print("List of devices attached")
    for serial, phone in phones.items():
        print(f"{serial}\\t{phone}")
    print()
    raise SystemExit(0)
serial, (verb, *rest) = words[1], words[2:]
if serial not in phones:
    fail(f"adb: device '{serial}' not found")
if phones[serial] != "device":
    fail(f"adb: device {phones[serial]}")
if verb == "push":
    source, there = Path(rest[0]), Path(str(ROOT) + rest[1])
    if not there.parent.is_dir():
        fail(f"adb: error: failed to copy '{source}': remote couldn't create file: No such file or directory")
    content = source.read_bytes()
    if state["full"]:
        there.write_bytes(content[: len(content) // 2])
        fail(f"adb: error: failed to copy '{source}' to '{rest[1]}': remote write failed: No space left on device")
    there.write_bytes(content)
    print(f"{source}: 1 file pushed, 0 skipped. 10.0 MB/s ({len(content)} bytes in 0.001s)")
elif verb == "pull":
    there = Path(str(ROOT) + rest[0])
    if not there.is_file():
        fail(f"adb: error: failed to stat remote object '{rest[0]}': No such file or directory")
    shutil.copyfile(there, rest[1])
    print(f"{rest[0]}: 1 file pulled, 0 skipped.")
elif verb == "shell":
    command = " ".join(rest)
    leaving = state["leaves_during"] and state["leaves_during"] in command
    # A session of its own: ending adb here does not end what runs on the phone.
    phone = subprocess.Popen(
        ["/bin/sh", "-c", command.replace(SHARED, str(ROOT) + SHARED)],
        cwd=ROOT,
        env={"PATH": f"{ROOT}/system/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    if leaving:
        print(phone.stdout.readline().replace(str(ROOT), ""), end="", flush=True)
        leave()
        fail("error: closed")
    said, _ = phone.communicate()
    sys.stdout.write(said.replace(str(ROOT), ""))
    raise SystemExit(phone.returncode)
else:
    fail(f"adb: unknown command {verb}")
"""

TOOL = """#!PYTHON -IS
import sys, time
from pathlib import Path

REPLIES = REPLIES_DATA
given = " ".join(sys.argv[1:])
reply = next(one for key, one in REPLIES if key in given)
for name, text in reply["files"]:
    for word in sys.argv[1:]:
        flag, _, path = word.partition("=")
        if flag == "--" + name:
            Path(path).write_text(text)
print(reply["text"], flush=True)
time.sleep(reply["seconds"])
raise SystemExit(reply["status"])
"""


@dataclass(frozen=True)
class Reply:
    """What a tool on the phone says and does.

    Attributes:
        text: What it prints.
        status: Its exit status.
        seconds: How long it goes on after it printed.
        files: (flag, text): written to the file that the flag names.
    """

    text: str
    status: int = 0
    seconds: float = 0.0
    files: tuple[tuple[str, str], ...] = ()


class ScriptedPhone:
    """A phone whose storage lies below a directory of this computer."""

    def __init__(self, root: Path, *, serial: str = SERIAL) -> None:
        """Make the phone.

        Args:
            root: Its own directory, whose path has no character that a shell takes for more than itself.
            serial: As adb lists it.
        """
        self.root = root
        self.storage = root / SHARED.lstrip("/")
        self.storage.mkdir(parents=True)
        programs = root / "system" / "bin"
        programs.mkdir(parents=True)
        self._state: dict[str, Any] = {"phones": [[serial, "device"]], "full": False, "leaves_during": ""}
        self.change()
        cases = "\n".join(f"{name}) echo '{value}';;" for name, value in PROPERTIES.items())
        write_program(programs / "getprop", f'#!/bin/sh\ncase "$1" in\n{cases}\n*) echo;;\nesac\n')
        write_program(programs / "dumpsys", f"#!/bin/sh\ncat {root}/heat 2> /dev/null\n")
        self.heat(0)

    def install(self, directory: Path) -> Path:
        """Write ``adb`` into a directory and return the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        text = ADB.replace("PYTHON", sys.executable)
        text = text.replace("ROOT_TEXT", repr(str(self.root))).replace("SHARED_TEXT", repr(SHARED))
        write_program(directory / "adb", text)
        return directory

    def change(self, **state: Any) -> None:
        """Say what the phone is like from now on.

        Args:
            state: ``phones`` (pairs of serial and state), ``full`` (its storage is), ``leaves_during`` (a text: the
                phone goes away during a command that has it).
        """
        self._state |= state
        (self.root / "state.json").write_text(json.dumps(self._state), encoding="utf-8")

    def heat(self, status: int) -> None:
        """Set Android's thermal status, 0 for none."""
        (self.root / "heat").write_text(f"IsStatusOverride: false\nThermal Status: {status}\n", encoding="utf-8")

    @property
    def files(self) -> list[str]:
        """Everything on the phone below its shared directory."""
        return sorted(str(path.relative_to(self.storage)) for path in self.storage.rglob("*"))

    @property
    def calls(self) -> list[list[str]]:
        """The words of each adb command so far."""
        path = self.root / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def tool(path: Path, replies: Mapping[str, Reply | str] | Sequence[tuple[str, Reply | str]]) -> Path:
    """Write a program that prints what it was told to, as a benchmark tool of a phone.

    Args:
        path: Where.
        replies: A part of its arguments -> what it does; the first that fits, "" fits always.
    """
    pairs = replies.items() if isinstance(replies, Mapping) else replies
    data = [(key, asdict(one if isinstance(one, Reply) else Reply(one))) for key, one in pairs]
    return write_program(path, TOOL.replace("PYTHON", sys.executable).replace("REPLIES_DATA", repr(data)))


def write_program(path: Path, text: str) -> Path:
    """Write an executable file."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path
