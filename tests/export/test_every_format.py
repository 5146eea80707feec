from __future__ import annotations

import pytest

from edgesense import export
from edgesense.errors import SettingsError


@pytest.mark.parametrize("name", export.names())
def test_each_format_conforms(name: str) -> None:
    one = export.find(name)
    assert (getattr(one, "__doc__", None) or "").strip()
    assert one.TITLE
    assert "{output}" in one.NEXT
    assert (one.write.__doc__ or "").strip()


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"no export format 'esp23', only .*esp32.*did you mean 'esp32'"):
        export.find("esp23")
