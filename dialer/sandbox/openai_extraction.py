"""The sandbox's language model reading a finished transcript: an object that fits a JSON schema, and nothing made up.

What nobody said is null where the schema allows it, "unknown" where it is text, and the most neutral value elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dialer.sandbox.openai_findings import Findings, as_number
from dialer.sandbox.openai_transcript import Told

Schema = Mapping[str, Any]

_NEUTRAL = ("unknown", "unclear", "not_stated", "not stated", "none", "n/a", "other", "neutral")
_NEAR = {
    "none": ("low", "cold", "no"),
    "high": ("hot", "very", "strong"),
    "medium": ("warm", "some", "maybe"),
    "transferred": ("interested",),
}
"""What is meant where a schema has other words for it."""


def extract(transcript: str, schema: Schema) -> dict[str, Any]:
    """Fill a schema of type object from a transcript of lines `agent: …` and `person: …`."""
    return _Filler(Told.read(transcript), schema).object(schema)


class _Filler:
    """Finds a value for each property by its name, description, type and enum."""

    def __init__(self, told: Told, root: Schema) -> None:
        self._told = told
        self._findings = Findings(told)
        self._root = root

    def object(self, schema: Schema) -> dict[str, Any]:
        """Fill an object; what is unknown and not required is left out."""
        filled: dict[str, Any] = {}
        required = schema.get("required") or ()
        for name, rule in (schema.get("properties") or {}).items():
            value = self._value(name, rule)
            if value is not None or name in required or _allows_null(self._resolved(rule)):
                filled[name] = value if value is not None else self._nothing(rule)
        return filled

    def _value(self, name: str, rule: Schema) -> Any:
        """What the transcript says about a property, in the form that the schema wants; None: nothing."""
        rule = self._resolved(rule)
        if "const" in rule:
            return rule["const"]
        kinds = _types(rule)
        if "object" in kinds:
            return self.object(rule)
        name, description = (
            f"{name} {rule.get('title', '')}".replace("_", " ").lower(),
            str(rule.get("description", "")),
        )
        found = self._findings.find(name, description.lower(), kinds)
        if found is None and ("boolean" in kinds or "number" in kinds or "integer" in kinds):
            found = self._findings.replied(f"{name} {description}", kinds)
        if "enum" in rule:
            return self._choice(found, list(rule["enum"]))
        return _fitted(found, kinds, rule)

    def _choice(self, found: Any, allowed: list[Any]) -> Any:
        """The allowed value that is meant."""
        if found in allowed:
            return found
        told = f"{found} " if isinstance(found, str) else ""
        plain = {str(value).lower().replace("_", " "): value for value in allowed if value is not None}
        for word in (told.strip().lower().replace("_", " "), *_NEAR.get(told.strip(), ())):
            match = next(
                (value for text, value in plain.items() if word and (text == word or text.startswith(word))), None
            )
            if match is not None:
                return match
        if found is True or found is False:
            return next((v for t, v in plain.items() if t in (("yes", "true") if found else ("no", "false"))), None)
        heard = " ".join(self._told.person).lower()
        return next(
            (v for t, v in plain.items() if t not in _NEUTRAL and re.search(rf"\b{re.escape(t)}\b", heard)), None
        )

    def _nothing(self, rule: Schema) -> Any:
        """What stands for "nobody said"."""
        rule = self._resolved(rule)
        if _allows_null(rule):
            return None
        if "enum" in rule:
            allowed = rule["enum"]
            return next((value for value in allowed if str(value).lower() in _NEUTRAL), allowed[-1])
        kind = next(iter(_types(rule)), "string")
        if kind == "string":
            return (
                "unknown"
                if rule.get("maxLength", 7) >= 7 and not rule.get("format") and not rule.get("pattern")
                else ""
            )
        if kind in ("number", "integer"):
            return rule.get("minimum", 0)
        return {"boolean": False, "array": [], "object": {}}.get(kind)

    def _resolved(self, rule: Schema) -> Schema:
        """The rule itself, without `$ref` and with the first branch that is not null of `anyOf`; null stays allowed."""
        if "$ref" in rule:
            target: Any = self._root
            for step in str(rule["$ref"]).removeprefix("#/").split("/"):
                target = target[step]
            return self._resolved({**target, **{key: value for key, value in rule.items() if key != "$ref"}})
        branches = rule.get("anyOf") or rule.get("oneOf")
        if branches:
            solid = [self._resolved(branch) for branch in branches if branch.get("type") != "null"]
            kinds = [*_types(solid[0]), *(["null"] if len(solid) < len(branches) else [])] if solid else ["null"]
            outer = {key: value for key, value in rule.items() if key not in ("anyOf", "oneOf")}
            return {**(solid[0] if solid else {}), **outer, "type": kinds}
        return rule


def _types(rule: Schema) -> tuple[str, ...]:
    kind = rule.get("type")
    if kind is None:
        kind = "object" if "properties" in rule else [] if "enum" in rule else "string"
    return tuple(kind) if isinstance(kind, list) else (str(kind),)


def _allows_null(rule: Schema) -> bool:
    return "null" in _types(rule) or ("enum" in rule and None in rule["enum"])


def _fitted(found: Any, kinds: tuple[str, ...], rule: Schema) -> Any:
    """A finding in the type that the schema wants; None if it cannot be that."""
    if found is None:
        return None
    if "boolean" in kinds:
        return found if isinstance(found, bool) else None
    if "array" in kinds:
        items = found if isinstance(found, list) else [found]
        return [str(item) for item in items] if _types(rule.get("items") or {})[0] == "string" else None
    if "integer" in kinds or "number" in kinds:
        return _in_range(as_number(found), rule, whole="number" not in kinds)
    if (
        "string" in kinds
        and rule.get("format") not in ("date", "date-time", "time", "uuid")
        and not rule.get("pattern")
    ):
        text = (
            ", ".join(found)
            if isinstance(found, list)
            else str(found).lower()
            if isinstance(found, bool)
            else str(found)
        )
        return text[: rule.get("maxLength", len(text))] if len(text) >= rule.get("minLength", 0) else None
    return None


def _in_range(value: float | None, rule: Schema, *, whole: bool) -> float | int | None:
    if value is None or value < rule.get("minimum", value) or value > rule.get("maximum", value):
        return None
    return int(value) if whole or float(value).is_integer() else value
