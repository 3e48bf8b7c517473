"""Google's shapes for what we say and hear: contents, function declarations, errors. Streams and sockets share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import dropwhile, takewhile
from typing import Any, Final

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.base import Message, ToolCall, ToolSpec, Usage

VENDOR: Final = "gemini"
UNSIGNED: Final = "skip_thought_signature_validator"
"""The signature that Google accepts for a function call that another model made.

Source: ai.google.dev/gemini-api/docs/thought-signatures.
"""
_BEGINS: Final = "(The phone call begins.)"
"""A conversation begins with the user in Google's eyes, and ours with the agent's opener."""
_TRANSIENT: Final = frozenset({408, 409, 425, 429})


def system(messages: Sequence[Message]) -> str:
    """The instructions before the conversation."""
    return "\n\n".join(message.text for message in takewhile(_instructs, messages))


def contents(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation. Neighbours of one role become one content with several parts.

    Google has no instructions in the midst of a conversation: they become words of the user, in brackets.
    """
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    result: list[dict[str, Any]] = []
    for message in dropwhile(_instructs, messages):
        role = "model" if message.role == "assistant" else "user"
        if not result and role == "model":
            result.append({"role": "user", "parts": [{"text": _BEGINS}]})
        if not result or result[-1]["role"] != role:
            result.append({"role": role, "parts": []})
        result[-1]["parts"] += _parts(message, names)
    return result


def declarations(tools: Sequence[ToolSpec], **more: str) -> list[dict[str, Any]]:
    """The tools; `more` is said of each of them."""
    functions = [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": dict(tool.parameters), **more}
        for tool in tools
    ]
    return [{"functionDeclarations": functions}] if functions else []


def response(call: ToolCall, result: str) -> dict[str, Any]:
    """What a function returned."""
    return {"id": call.id, "name": call.name, "response": {"result": result}}


def tool_call(part: Mapping[str, Any], number: int) -> ToolCall:
    """Read a function call; `number` makes the id that the model left out."""
    call = part["functionCall"]
    name, arguments = str(call["name"]), call.get("args") or {}
    return ToolCall(str(call.get("id") or f"{name}-{number}"), name, arguments, str(part.get("thoughtSignature") or ""))


def usage(metadata: Mapping[str, Any]) -> Usage:
    """Read what an answer cost. Thoughts are paid for like words."""
    written = metadata.get("candidatesTokenCount", metadata.get("responseTokenCount", 0))
    return Usage(metadata.get("promptTokenCount", 0), (written or 0) + (metadata.get("thoughtsTokenCount") or 0))


def refusal(status: int, body: Any) -> VendorBusy | VendorRefused:
    """Translate an error; `body` is what came as JSON, if it did."""
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    code, message = str(error.get("status") or status), str(error.get("message", ""))
    if status < 500 and status not in _TRANSIENT:
        return VendorRefused(VENDOR, code, message)
    return VendorBusy(VENDOR, f"{status} {code}", _wait_s(error.get("details") or ()))


def _instructs(message: Message) -> bool:
    return message.role == "system"


def _parts(message: Message, names: Mapping[str, str]) -> list[dict[str, Any]]:
    if message.role == "tool":
        call = ToolCall(message.tool_call_id, names.get(message.tool_call_id, ""), {})
        return [{"functionResponse": response(call, message.text)}]
    if _instructs(message):
        return [{"text": f"[{message.text}]"}]
    parts: list[dict[str, Any]] = [{"text": message.text}] if message.text else []
    for call in message.tool_calls:
        function = {"id": call.id, "name": call.name, "args": dict(call.arguments)}
        parts.append({"functionCall": function, "thoughtSignature": call.signature or UNSIGNED})
    return parts


def _wait_s(details: Sequence[Any]) -> float | None:
    """The wait that a RetryInfo asks for, as in {"retryDelay": "7s"}."""
    for detail in details:
        delay = str(detail.get("retryDelay", "")) if isinstance(detail, dict) else ""
        if delay.endswith("s"):
            try:
                return float(delay[:-1])
            except ValueError:
                continue
    return None
