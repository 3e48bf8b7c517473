"""Flower: the workers in a browser, bound to loopback and behind a password."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from dialer.settings import Settings

USER = "dialer"
CELERY_APP = "workers.app:app"


def password(settings: Settings) -> str:
    """`DIALER_FLOWER_PASSWORD`, or one that is made once and kept where only the owner can read it."""
    given = settings.flower_password.get_secret_value()
    if given:
        return given
    path = password_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    made = secrets.token_urlsafe(18)
    with os.fdopen(handle, "w") as file:
        file.write(made)
    return made


def password_file(settings: Settings) -> Path:
    """Where the password is kept that was made."""
    return settings.data_dir / "flower.password"


def serve(settings: Settings) -> None:
    """Become Flower. The password goes by environment, where other users cannot see it as they can arguments."""
    environment = os.environ | {
        "FLOWER_BASIC_AUTH": f"{USER}:{password(settings)}",
        "FLOWER_ADDRESS": settings.flower_host,
        "FLOWER_PORT": str(settings.flower_port),
        "FLOWER_INSPECT_TIMEOUT": "2000",
    }
    os.execve(sys.executable, [sys.executable, "-m", "celery", "-A", CELERY_APP, "flower"], environment)
