"""Press keys in a phone menu. Only offered to the model while a menu is heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from dialer.conversation.toolbox.schema import arguments, text
from dialer.llm.base import ToolSpec

SPEC = ToolSpec(
    "press_digits",
    "Press keys in the phone menu that you hear, to reach the right person.",
    arguments(
        "digits",
        digits={"type": "string", "pattern": "^[0-9*#]{1,12}$", "description": "The keys, such as 1 or 204#."},
        why=text("What the menu offers there, in a few words."),
    ),
)


def fits(arguments: Mapping[str, Any]) -> bool:
    """Whether these arguments are keys."""
    return Draft202012Validator(dict(SPEC.parameters)).is_valid(dict(arguments))
