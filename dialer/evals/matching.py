"""Whether a value is the one that a case expects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def fits(expected: Any, got: Any) -> bool:
    """Compare: a text is a pattern found in the other's text, a list names what will do, all else is equal or not."""
    if isinstance(expected, list | tuple):
        return any(fits(each, got) for each in expected)
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None:
        return type(expected) is type(got) and expected == got
    if isinstance(expected, str):
        return got is not None and re.search(expected, str(got), re.IGNORECASE) is not None
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(fits(value, got.get(name)) for name, value in expected.items())
    return bool(expected == got)


def says(pattern: str, text: str) -> bool:
    """Whether a text has a pattern in it, wherever its lines end."""
    return re.search(pattern, " ".join(text.split()), re.IGNORECASE) is not None
