"""EdgeSense: respiratory-sound classification for small devices, and the tools that keep it small and fast."""

from __future__ import annotations

__version__ = "0.1.0"
