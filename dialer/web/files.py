"""Files of the data directory on the wire. A name from a row never leads out of its folder."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse

from dialer.errors import NotFound
from dialer.settings import Settings

RECORDINGS = "recordings"
REJECTS = "rejects"


def rejects_dir(settings: Settings) -> Path:
    """Where rejected rows of imports are kept."""
    return settings.data_dir / REJECTS


def recording(settings: Settings, name: str) -> FileResponse:
    """Send a recording; `Range` is honoured, so that a player can seek.

    Raises:
        NotFound: the file is gone.
    """
    return FileResponse(
        _within(settings.data_dir / RECORDINGS, name), media_type="audio/wav", content_disposition_type="inline"
    )


def rejects(settings: Settings, path: str) -> FileResponse:
    """Send the rejected rows of an import.

    Raises:
        NotFound: the file is gone.
    """
    # A row keeps the path as the importing process knew it, which may be relative to a folder that it shares with us.
    found = _within(rejects_dir(settings), Path(path).name)
    return FileResponse(found, media_type="text/csv; charset=utf-8", filename=found.name)


def _within(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise NotFound("file", Path(name).name)
    return path
