"""HTML: what a person reads of a page, a section for each heading; no scripts, menus or hidden text."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from dialer.errors import BadInput
from dialer.knowledge.reading.headings import Outline
from dialer.knowledge.reading.plain import decode
from dialer.knowledge.sections import Section

_UNREAD = (
    "script, style, noscript, template, nav, iframe, object, svg, canvas, form, button, select, textarea, head, "
    '[hidden], [aria-hidden="true"]'
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?![.\d])", re.I)
_HEADING = re.compile(r"h[1-6]")
_PARAGRAPHS = frozenset({"p", "table", "ul", "ol", "dl", "blockquote", "pre", "section", "article", "div"})
_LINES = frozenset({"address", "br", "dd", "dt", "figcaption", "footer", "header", "hr", "li", "main", "tr"})
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_DEEPEST = 400


def read(body: bytes) -> list[Section]:
    """Return a section for each heading.

    Raises:
        BadInput: it is empty, it is no text, or a person would see nothing of it.
    """
    tree = LexborHTMLParser(_decode(body))
    for node in tree.css(_UNREAD):
        node.decompose()
    for node in tree.css("[style]"):
        if _HIDDEN_STYLE.search(node.attributes.get("style") or ""):
            node.decompose()
    outline = Outline()
    if tree.body is not None:
        _walk(tree.body, outline, 0)
    sections = outline.sections()
    if not sections:
        raise BadInput("a person would see no words on this page.")
    return sections


def _walk(node: LexborNode, outline: Outline, depth: int) -> None:
    if depth > _DEEPEST:
        raise BadInput(f"its elements are nested more than {_DEEPEST} deep.")
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag == "-text":
            outline.add(re.sub(r"\s+", " ", child.text_content or ""))
        elif _HEADING.fullmatch(tag):
            outline.heading(int(tag[1]), child.text())
        elif tag in ("td", "th"):
            _walk(child, outline, depth + 1)
            outline.add(" | ")
        else:
            paragraph = "\n\n" if tag in _PARAGRAPHS else ""
            outline.add(paragraph)
            _walk(child, outline, depth + 1)
            outline.add("\n" if tag in _LINES else paragraph)


def _decode(body: bytes) -> str:
    """Decode a page: what it says of itself comes first."""
    told = _CHARSET.search(body[:4096])
    if told is not None:
        try:
            return body.decode(told.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(body)
