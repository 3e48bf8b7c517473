"""Folders that a measurement makes for itself and leaves nothing of."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rows import Bench


@contextmanager
def folder(bench: Bench, name: str) -> Iterator[Path]:
    """Make a fresh folder in the bench's home for as long as the block lasts."""
    bench.home.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=bench.home))
    place.chmod(0o755)  # the embedded database runs as another user where we are root
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
