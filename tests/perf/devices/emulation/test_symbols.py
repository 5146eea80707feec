from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edgesense.perf.devices.emulation import symbols
from edgesense.perf.devices.emulation.symbols import Symbols

TWO = Symbols(moves=True, starts=(100, 200), ends=(150, 260), names=("first", "second"))


@pytest.mark.parametrize(
    ("address", "name"),
    [(99, None), (100, "first"), (149, "first"), (150, None), (200, "second"), (259, "second"), (260, None)],
)
def test_an_address_is_named_by_the_function_it_lies_in(address: int, name: str | None) -> None:
    assert TWO.find(address) == name


@pytest.mark.parametrize("content", [b"", b"no elf", b"\x7fELF\x01\x01"], ids=["empty", "text", "32 bit"])
def test_a_file_that_is_no_such_elf_has_no_functions(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert symbols.read(tmp_path / "file").names == ()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_functions_are_read_as_nm_reads_them(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "static int inner(int x) { return x * 3; }\nint outer(int x) { return inner(x) + 1; }\n"
    )
    library = tmp_path / "a.so"
    gcc, nm = (shutil.which(name) or name for name in ("gcc", "nm"))
    subprocess.run([gcc, "-O0", "-shared", "-fPIC", "-o", library, tmp_path / "a.c"], check=True)
    said = subprocess.run([nm, library], capture_output=True, text=True, check=True).stdout
    told = {line.split()[2]: int(line.split()[0], 16) for line in said.splitlines() if len(line.split()) == 3}
    found = symbols.read(library)
    assert found.moves
    assert [found.find(told[name]) for name in ("inner", "outer")] == ["inner", "outer"]
