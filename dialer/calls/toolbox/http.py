"""A customer's own HTTP tool: one request, sent at most once for each row, to a host that the definition fixes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from dialer import log
from dialer.agents.http_tool import NAMED, SECRET, HttpTool
from dialer.calls.toolbox.base import Asked, Later
from dialer.conversation.facts import Reply
from dialer.egress import Answer, Egress
from dialer.errors import BadInput, DialerError, UnknownEffect
from dialer.settings import ToolSecret

UNKNOWN = "Nobody knows whether that worked. Do not try it again; say that a colleague will see to it."
FAILED = "This could not be done now. Say so, and go on without it."
MASK = "…"
CONNECT_S = 2.0

logger = log.get(__name__)


class HttpTools:
    """Sends the requests of HTTP tools, with the secrets that they name.

    Args:
        secrets: by name; each goes to its own hosts only.
        allow_private: reach loopback and private addresses too, over plain HTTP.
    """

    def __init__(self, secrets: Mapping[str, ToolSecret] | None = None, *, allow_private: bool = False) -> None:
        self._secrets = secrets or {}
        self._egress = Egress("http tool", allow_private=allow_private, timeout=httpx.Timeout(4.0), longest_s=8.0)

    def use(self, tool: HttpTool, asked: Asked) -> Reply | Later:
        """Make the request of one use. Nothing of it depends on the database any more."""
        ours = _ours(asked)
        try:
            url = self._egress.usable(_address(tool, asked.arguments, ours))
            headers = self._headers(tool, url.host, asked.organization)
        except BadInput as error:
            logger.warning("http tool not usable", tool=tool.name, call_id=str(asked.call.id), error=str(error))
            return Reply(ok=False, text=FAILED)
        headers["idempotency-key"] = asked.key
        body = b""
        if tool.method in ("POST", "PUT", "PATCH"):
            rest = {name: value for name, value in asked.arguments.items() if name not in NAMED.findall(tool.url)}
            body = json.dumps(rest, ensure_ascii=False).encode()
            headers["content-type"] = "application/json"
        call_id = str(asked.call.id)
        return Later(lambda: self._send(tool, url, headers, body, call_id))

    def _headers(self, tool: HttpTool, host: str, organization: str) -> dict[str, str]:
        """The headers with their secrets.

        Raises:
            BadInput: a secret is not kept here, or is not for this host or organization.
        """
        for name in tool.secrets:
            secret = self._secrets.get(name)
            if secret is None or host not in secret.hosts or secret.organization not in ("", organization):
                raise BadInput(f"The secret {name} is not one for {host}.")
        filled = {
            name.lower(): SECRET.sub(lambda found: self._secrets[found[1]].value.get_secret_value(), content)
            for name, content in tool.headers.items()
        }
        return {"accept": "application/json, text/plain;q=0.9", "user-agent": "Dialer", **filled}

    def _send(self, tool: HttpTool, url: httpx.URL, headers: Mapping[str, str], body: bytes, call_id: str) -> Reply:
        timeout = httpx.Timeout(tool.timeout_s, connect=min(tool.timeout_s, CONNECT_S))
        try:
            answer = self._egress.send(
                tool.method,
                url,
                headers=headers,
                content=body,
                most_bytes=tool.most_bytes,
                timeout=timeout,
                longest_s=tool.timeout_s,
            )
        except DialerError as error:
            why = self._masked(str(error))
            logger.warning("http tool failed", tool=tool.name, call_id=call_id, error=why)
            return Reply(ok=False, text=UNKNOWN if isinstance(error, UnknownEffect) else FAILED)
        if not 200 <= answer.status < 300 or answer.cut:
            logger.warning("http tool refused", tool=tool.name, call_id=call_id, status=answer.status, cut=answer.cut)
            return Reply(ok=False, text=UNKNOWN if answer.status >= 500 and tool.method != "GET" else FAILED)
        result = _extract(answer, tool.result)
        if result is None:
            return Reply(ok=False, text="The answer did not contain it. Say that you cannot see it now.")
        return Reply(text=self._masked(result)[: tool.most_characters] or "Done.")

    def _masked(self, text: str) -> str:
        """A text without our secrets: an endpoint may send back what it was sent."""
        for secret in self._secrets.values():
            if value := secret.value.get_secret_value():
                text = text.replace(value, MASK)
        return text


def _address(tool: HttpTool, arguments: Mapping[str, Any], ours: Mapping[str, str]) -> str:
    """Fill the URL. What is filled in stays one segment or value: it is percent-encoded, and no way upwards.

    Raises:
        BadInput: an argument would change the path.
    """

    def fill(found: re.Match[str]) -> str:
        value = ours[found[1]] if found[1] in ours else _plain(arguments[found[1]])
        if not value.strip(".") and "?" not in tool.url[: found.start()]:
            raise BadInput(f"{found[1]!r} is {value!r}, which is no part of an address.")
        return quote(value, safe="")

    url = NAMED.sub(fill, tool.url)
    rest = {name: _plain(value) for name, value in arguments.items() if name not in NAMED.findall(tool.url)}
    if rest and tool.method in ("GET", "DELETE"):
        url += ("&" if "?" in url else "?") + urlencode(rest)
    return url


def _ours(asked: Asked) -> dict[str, str]:
    lead = asked.lead
    return {
        "call.id": str(asked.call.id),
        "call.person": asked.person,
        "lead.first_name": lead.first_name if lead else "",
        "lead.last_name": lead.last_name if lead else "",
        "lead.company": lead.company if lead else "",
        "lead.email": lead.email if lead else "",
    }


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _extract(answer: Answer, path: str) -> str | None:
    """What of an answer the model is told; None if it has nothing at that path."""
    text = answer.body.decode(errors="replace").replace("\x00", "").strip()
    if not path:
        return text
    try:
        found: Any = json.loads(text)
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
