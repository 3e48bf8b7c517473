"""Readers: one module a format, each with `read(body)`, which returns sections or raises `BadInput` that says where.

They run in a process of their own (`dialer.knowledge.reading.apart`), for what is uploaded may be made to hurt.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, Protocol, cast

from dialer.errors import BadInput
from dialer.knowledge.sections import Section

FORMATS: Final = MappingProxyType(
    {
        ".pdf": "pdf",
        ".docx": "docx",
        ".txt": "plain",
        ".text": "plain",
        ".md": "markdown",
        ".markdown": "markdown",
        ".html": "html",
        ".htm": "html",
        ".csv": "table",
        ".tsv": "table",
    }
)
"""Ending of the file's name → module that reads it."""


class Reader(Protocol):
    """A module of this package."""

    def read(self, body: bytes) -> list[Section]:
        """Return the sections of a document, in order.

        Raises:
            BadInput: it is not what its name says, or holds nothing; the message says what and where.
        """
        ...


def format_of(name: str) -> str:
    """Return the format that a file's name stands for.

    Raises:
        BadInput: none that is read here.
    """
    ending = PurePath(name.lower()).suffix
    if ending not in FORMATS:
        known = ", ".join(sorted(ending.removeprefix(".") for ending in FORMATS))
        raise BadInput(f"{name}: this kind of file is not read; these are: {known}.")
    return FORMATS[ending]


def reader(format_: str) -> Reader:
    """Import the reader of a format."""
    return cast(Reader, import_module(f"{__name__}.{format_}"))
