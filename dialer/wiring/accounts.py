"""Where the vendors that play several roles are reached, and with which key: the same for each of their adapters."""

from __future__ import annotations

from typing import TypedDict

from dialer.settings import Vendors


class Account(TypedDict):
    """What every adapter of a vendor is made with."""

    base_url: str
    api_key: str


def openai(v: Vendors) -> Account:
    """OpenAI's own."""
    return {"base_url": v.openai_base_url, "api_key": v.openai_api_key.get_secret_value()}


def gemini(v: Vendors) -> Account:
    """Gemini's."""
    return {"base_url": v.gemini_base_url, "api_key": v.gemini_api_key.get_secret_value()}
