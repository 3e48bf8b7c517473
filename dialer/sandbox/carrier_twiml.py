"""TwiML, read and checked."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, XMLParser, fromstring


class TwimlInvalid(Exception):
    """The document cannot be carried out; `code` is Twilio's."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def parse(body: str) -> Element:
    """Read a document.

    Raises:
        TwimlInvalid: it is no XML (12100), or its root is not <Response> (12102).
    """
    if not body.strip():
        return Element("Response")
    if "<!DOCTYPE" in body or "<!ENTITY" in body:
        raise TwimlInvalid(12100, "a document type is not allowed")
    try:
        root = fromstring(body, parser=XMLParser(encoding="utf-8"))
    except ParseError as error:
        raise TwimlInvalid(12100, str(error)) from error
    if root.tag != "Response":
        raise TwimlInvalid(12102, f"the root is <{root.tag}>, not <Response>")
    return root
