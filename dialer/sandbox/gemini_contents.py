"""Google's conversations as the sandbox's mind reads them, and its wishes as Google writes them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from dialer.sandbox.openai_tools import Tools, Wish

Json = dict[str, Any]

_UNSIGNED = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
"""Signatures that stand for a call which another model made."""


class BadContents(Exception):
    """Google refuses a request of this shape; the text says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def messages(system: Json | None, contents: list[Json]) -> list[Json]:
    """Put a conversation into the mind's own shape.

    Raises:
        BadContents: Google would not take it.
    """
    if not contents:
        raise BadContents("contents is not specified")
    result: list[Json] = [{"role": "system", "content": _text(system.get("parts") or [])}] if system else []
    waiting: list[Json] = []
    for at, content in enumerate(contents):
        role, parts = content.get("role", "user"), content.get("parts") or []
        if role not in ("user", "model"):
            raise BadContents("Please use a valid role: user, model.")
        if not parts:
            raise BadContents(f"contents[{at}].parts must not be empty.")
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
        if at == 0 and role == "model":
            raise BadContents("Please ensure that a multi-turn conversation begins with the user.")
        if calls and contents[at - 1].get("role") == "model":
            raise BadContents("Please ensure that function call turn comes immediately after a user turn.")
        if len(answers) != len(waiting):
            raise BadContents("The number of function response parts must equal that of the function call parts.")
        for part in parts:
            if "functionCall" in part and not _is_signature(part):
                raise BadContents(f"Function call `{part['functionCall']['name']}` is missing a thought_signature.")
        if said := _text(parts):
            result.append({"role": "assistant" if role == "model" else "user", "content": said})
        if calls:
            result.append({"role": "assistant", "content": None, "tool_calls": [_tool_call(call) for call in calls]})
        for answer, asked in zip(answers, waiting, strict=True):
            if answer.get("name") != asked["name"]:
                raise BadContents("A function response must have the name of its function call.")
            text = str((answer.get("response") or {}).get("result", ""))
            result.append({"role": "tool", "tool_call_id": asked.get("id", ""), "content": text})
        waiting = calls
    if waiting:
        raise BadContents("A function call has no response.")
    return result


def tools(declared: list[Json]) -> Tools:
    """The functions that may be called."""
    functions = [function for tool in declared for function in tool.get("functionDeclarations") or ()]
    return {f["name"]: f.get("parametersJsonSchema") or f.get("parameters") or {} for f in functions}


def call(wish: Wish) -> Json:
    """A function call, with the signature that has to come back with it."""
    function = {"name": wish.name, "args": dict(wish.arguments), "id": _id(wish)}
    return {"functionCall": function, "thoughtSignature": _sign(wish.name, wish.arguments)}


def _is_signature(part: Json) -> bool:
    signature, function = part.get("thoughtSignature"), part["functionCall"]
    return signature in _UNSIGNED or signature == _sign(function["name"], function.get("args") or {})


def _sign(name: str, arguments: Any) -> str:
    text = f"thought {name} {json.dumps(dict(arguments), sort_keys=True)}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _id(wish: Wish) -> str:
    return hashlib.sha256(f"{wish.name}{wish.arguments_json}".encode()).hexdigest()[:8]


def _text(parts: list[Json]) -> str:
    return " ".join(part["text"] for part in parts if part.get("text"))


def _tool_call(call: Json) -> Json:
    function = {"name": call["name"], "arguments": json.dumps(call.get("args") or {})}
    return {"id": call.get("id", ""), "type": "function", "function": function}
