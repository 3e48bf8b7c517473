"""Tools as the sandbox's language model uses them: any name and any parameters, filled by what they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Tools = Mapping[str, Mapping[str, Any]]
"""JSON schemas of the parameters by name of the tool."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A tool that is wanted, with its arguments."""

    name: str
    arguments: Mapping[str, Any]

    @property
    def arguments_json(self) -> str:
        """The arguments as models write them."""
        return json.dumps(self.arguments, ensure_ascii=False)


def wish(tools: Tools, name: str, *, when: datetime | None = None, note: str = "") -> Wish:
    """Want a tool; `when` and `note` go into the parameters that look as if they were meant for them."""
    schema = tools[name]
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties") or {}
    required = schema.get("required") or ()
    arguments: dict[str, Any] = {}
    for parameter, rule in properties.items():
        if "enum" in rule:
            arguments[parameter] = rule["enum"][0]
        elif when is not None and re.search(r"when|time|date|at$|start|until", parameter):
            arguments[parameter] = _written(when, f"{rule.get('description', '')} {rule.get('format', '')}")
        elif re.search(r"note|reason|about|topic|summary|why|words|comment|message", parameter):
            arguments[parameter] = note
        elif parameter in required:
            neutral = {"integer": 0, "number": 0, "boolean": True, "array": [], "object": {}}
            arguments[parameter] = neutral.get(str(rule.get("type")), note)
    return Wish(name, arguments)


def _written(when: datetime, description: str) -> str:
    """ISO 8601 as the schema wants it: with the offset if the present time came with one, unless it asks for none."""
    if "without offset" in description.lower():
        when = when.replace(tzinfo=None)
    return when.isoformat(timespec="minutes" if when.tzinfo is None else "seconds")
