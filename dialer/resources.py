"""Where the files that are no Python live: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parent


def _folder(name: str) -> Path:
    packaged = PACKAGE / "_packaged" / name
    return packaged if packaged.is_dir() else CHECKOUT / name


def migrations_dir() -> Path:
    """The Alembic environment."""
    return _folder("migrations")


def config_dir() -> Path:
    """What operators edit, as shipped: settings, agents, compliance rules."""
    return _folder("config")
