from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from edgesense.export import _c


@given(some.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_reads_as_the_same_again(value: float) -> None:
    text = _c.number(value)
    assert text.endswith("f")
    assert np.float32(text[:-1]) == np.float32(value)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "1"), (False, "0"), (5, "5"), (-5, "(-5)"), (2.0, "(2.0f)"), ("{1, 2}", "{1, 2}")]
)
def test_a_define_can_stand_in_any_expression(value: object, text: str) -> None:
    assert _c.defines({"NAME": value}) == f"#define NAME {text}\n"


def test_a_text_may_hold_anything() -> None:
    assert '"a\\"b\\\\", "\\303\\251\\012",' in _c.texts("names", ['a"b\\', "é\n"])


def test_lines_are_not_longer_than_the_code_around_them() -> None:
    written = _c.integers("int8_t", "many", range(1000))
    assert written.startswith("const int8_t many[1000] = {\n")
    assert max(map(len, written.splitlines())) <= _c.WIDTH
