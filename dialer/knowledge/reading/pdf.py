"""PDF: a section for each page. Pictures of text are not read."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

from dialer.errors import BadInput
from dialer.knowledge.sections import Section, section

MOST_PAGES = 2000
_HYPHENATED = re.compile(r"(\w)-\n(?=[a-z])")


def read(body: bytes) -> list[Section]:
    """Return a section for each page that has words.

    Raises:
        BadInput: it is no PDF, needs a password, a page cannot be read, there are too many, or none has words.
    """
    if b"%PDF-" not in body[:1024]:
        raise BadInput("it is no PDF: it does not begin as one.")
    try:
        document = PdfReader(io.BytesIO(body))
        if document.is_encrypted and not document.decrypt(""):
            raise BadInput("it is protected by a password: save it without one.")
        pages = len(document.pages)
    except DependencyError as error:
        raise BadInput("it is encrypted in a way that is not read: save it without a password.") from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"the PDF is damaged ({error}).") from error
    if pages > MOST_PAGES:
        raise BadInput(f"it has {pages:,} pages; {MOST_PAGES:,} are taken: split it.")
    sections = [found for number in range(pages) if (found := _page(document, number)) is not None]
    if not sections:
        raise BadInput(f"none of its {pages} pages has text; scanned pages are pictures and are not read.")
    return sections


def _page(document: PdfReader, number: int) -> Section | None:
    place = f"page {number + 1}"
    try:
        text = document.pages[number].extract_text()
    except BadInput:
        raise
    except Exception as error:  # a damaged page raises whatever the reader stumbled over
        raise BadInput(f"{place} cannot be read ({type(error).__name__}: {error}).") from error
    return section(_HYPHENATED.sub(r"\1", text), place=place)
