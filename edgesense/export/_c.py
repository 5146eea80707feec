"""Numbers as C source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

WIDTH = 120


def number(value: float) -> str:
    """A float32 literal that reads as the same number again."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def floats(name: str, values: NDArray[np.float32]) -> str:
    """A constant array of float, without the keyword `extern` that its header has."""
    return _array("float", name, map(number, values.ravel().tolist()), values.size)


def integers(kind: str, name: str, values: Iterable[int]) -> str:
    """A constant array of an integer type."""
    every = [str(value) for value in values]
    return _array(kind, name, every, len(every))


def data(name: str, content: bytes) -> str:
    """Bytes, aligned as TFLite Micro reads a model in place."""
    return _array("unsigned char", name, (f"0x{byte:02x}" for byte in content), len(content), align=True)


def texts(name: str, values: Iterable[str]) -> str:
    """A constant array of strings."""
    every = [_quoted(value) for value in values]
    return _array("char *const", name, every, len(every))


def defines(values: Mapping[str, object]) -> str:
    """One `#define` a line; a float as float32, a bool as 0 or 1, a text as it is."""
    return "".join(f"#define {name} {_value(value)}\n" for name, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    # A sign would join what stands before it.
    if isinstance(value, float):
        return f"({number(value)})"
    return f"({value})" if isinstance(value, int) and value < 0 else str(value)


def _quoted(text: str) -> str:
    escaped = "".join(
        f"\\{one}" if one in '"\\' else one if " " <= one <= "~" else "".join(f"\\{b:03o}" for b in one.encode())
        for one in text
    )
    return f'"{escaped}"'


def _array(kind: str, name: str, values: Iterable[str], count: int, *, align: bool = False) -> str:
    attribute = " __attribute__((aligned(16)))" if align else ""
    body = "\n".join(_lines(values))
    return f"const {kind} {name}[{count}]{attribute} = {{\n{body}\n}};\n"


def _lines(values: Iterable[str]) -> Iterator[str]:
    line = "   "
    for value in values:
        if len(line) + len(value) + 2 > WIDTH:
            yield line
            line = "   "
        line += f" {value},"
    yield line
