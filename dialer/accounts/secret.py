"""The key that signs sessions and log-in links: from the settings, or made once and kept in the data directory."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

from dialer.settings import Settings

FILE = "secret.key"
_BYTES = 32
_APPEARS_WITHIN_S = 2.0


def read(settings: Settings) -> str:
    """Return the key. Of several processes that start at once, one makes the file and all read the same.

    Raises:
        OSError: the data directory cannot be written.
    """
    if configured := settings.secret_key.get_secret_value():
        return configured
    path = settings.data_dir / FILE
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _written(path)
    key = secrets.token_hex(_BYTES)
    with os.fdopen(handle, "w") as file:
        file.write(key)
    return key


def _written(path: Path) -> str:
    """Read the file; another process may have created it and not filled it yet."""
    give_up = time.monotonic() + _APPEARS_WITHIN_S
    while not (key := path.read_text().strip()):
        if time.monotonic() > give_up:
            raise OSError(f"{path} is empty; delete it, and a new key will be made.")
        time.sleep(0.01)
    return key
