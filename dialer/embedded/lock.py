"""One owner at a time of a data directory's servers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dialer.errors import BadInput, Conflict


@contextmanager
def hold(data_dir: Path) -> Iterator[Path]:
    """Own the data directory for as long as the block lasts; create it if need be; yield its absolute path.

    The kernel lets go of the lock when the owner dies, however it dies.

    Raises:
        Conflict: another process owns it; the message says which.
        BadInput: it cannot be written.
    """
    run = data_dir.resolve() / "run"
    try:
        run.mkdir(parents=True, exist_ok=True)
        handle = os.open(run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BadInput(
            f"The data directory {data_dir} cannot be written ({error.strerror}). Make it writable, or name another "
            "one with --data-dir or DIALER_DATA_DIR."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(handle, 20, 0).decode(errors="replace").strip() or "another process"
            raise Conflict(
                f"The data directory {data_dir} is in use by process {owner}. Stop it first (Ctrl-C, or kill {owner}), "
                "or name another data directory with --data-dir or DIALER_DATA_DIR."
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield data_dir.resolve()
    finally:
        os.close(handle)
