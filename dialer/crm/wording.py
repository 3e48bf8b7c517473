"""Values as a person reads them in a CRM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def text(value: Any) -> str:
    """A value of a lead's or an outcome's own fields as text: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def lines(fields: Mapping[str, Any]) -> str:
    """One `name: value` per line, without what is empty."""
    return "\n".join(f"{name}: {text(value)}" for name, value in fields.items() if value not in (None, "", [], {}))
