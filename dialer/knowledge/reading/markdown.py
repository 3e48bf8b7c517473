"""Markdown, by CommonMark with tables: a section for each heading, without the markup."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from dialer.errors import BadInput
from dialer.knowledge.reading.headings import Outline
from dialer.knowledge.reading.plain import decode
from dialer.knowledge.sections import Section

_ENDS = frozenset({"tr_close", "paragraph_close", "table_close", "bullet_list_close", "ordered_list_close"})


def read(body: bytes) -> list[Section]:
    """Return a section for each heading.

    Raises:
        BadInput: it is empty, or it is no text.
    """
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(decode(body))
    outline = Outline()
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type == "heading_open":
            outline.heading(int(token.tag[1:]), _text(tokens[at + 1]), line=(token.map or [0])[0] + 1)
            at += 3
            continue
        if token.type == "inline":
            cell = at > 0 and tokens[at - 1].type in ("td_open", "th_open")
            outline.add(_text(token) + (" | " if cell else "\n"))
        elif token.type in ("fence", "code_block"):
            outline.add(token.content)
        elif token.type in _ENDS and not token.hidden:
            outline.add("\n")
        at += 1
    sections = outline.sections()
    if not sections:
        raise BadInput("there are no words in it.")
    return sections


def _text(inline: Token) -> str:
    return "".join(_words(inline.children or ()))


def _words(children: Sequence[Token]) -> list[str]:
    words: list[str] = []
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            words.append("\n" if child.type == "hardbreak" else " ")
        elif child.type == "image":
            words.append("".join(_words(child.children or ())))
        else:
            words.append(child.content)
    return words
