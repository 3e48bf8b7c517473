"""Plain text of any encoding."""

from __future__ import annotations

import io

from dialer.errors import BadInput
from dialer.knowledge.sections import Section, section
from dialer.leads import reading


def read(body: bytes) -> list[Section]:
    """Return the whole text as one section.

    Raises:
        BadInput: it is empty, or it is no text.
    """
    found = section(decode(body))
    if found is None:
        raise BadInput("there are no words in it.")
    return [found]


def decode(body: bytes) -> str:
    """Decode text whose encoding nobody told.

    Raises:
        BadInput: it is empty, or it is no text in any encoding.
    """
    if not body.strip(b"\0 \t\r\n"):
        raise BadInput("the file is empty.")
    try:
        encoding = reading.examine(io.BytesIO(body)).encoding
    except BadInput as error:
        raise BadInput("it does not look like text in any encoding.") from error
    return body.decode(encoding, errors="replace")
