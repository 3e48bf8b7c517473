"""Where the embedded servers' Unix sockets are."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

_LONGEST = 107
"""Bytes in a Unix socket's path (sun_path less its final zero, Linux)."""


def socket_dir(data_dir: Path, server: str, socket_name: str) -> Path:
    """The folder of a server's socket: in the data directory, or a short one where that path would be too long.

    Every process works it out from the data directory alone.
    """
    folder = data_dir.resolve() / "run" / server
    if len(str(folder / socket_name).encode()) <= _LONGEST:
        return folder
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"dialer-{digest}-{server}"


def make_private(folder: Path, *, user: int, group: int) -> None:
    """Make a folder that only its owner can enter.

    Raises:
        PermissionError: somebody else made it first.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.lstat()
    if folder.is_symlink() or owner.st_uid not in {os.geteuid(), user}:
        raise PermissionError(f"{folder} belongs to another user")
    os.chown(folder, user, group)
    folder.chmod(0o700)
