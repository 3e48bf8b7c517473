"""The SQL of conversations in writing. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dialer.chats.models import Chat
from dialer.errors import Conflict, NotFound
from dialer.llm.base import Message, ToolCall


def begin(
    session: Session, organization_id: UUID, version_id: UUID, *, lead: Mapping[str, Any], phone: str, by: str
) -> Chat:
    """Begin an empty conversation."""
    chat = Chat(
        organization_id=organization_id,
        agent_version_id=version_id,
        lead=dict(lead),
        phone=phone,
        began_by=by,
        messages=[],
        length=0,
        ending="",
    )
    session.add(chat)
    session.flush()
    return chat


def find(session: Session, organization_id: UUID, chat_id: UUID) -> Chat:
    """Return a conversation.

    Raises:
        NotFound: the organization has no such conversation.
    """
    chat = session.scalar(select(Chat).where(Chat.organization_id == organization_id, Chat.id == chat_id))
    if chat is None:
        raise NotFound("conversation", chat_id)
    return chat


def go_on(session: Session, chat: Chat, messages: Sequence[Message], *, ending: str = "") -> None:
    """Add messages, and end the conversation if there is an ending.

    Raises:
        Conflict: somebody else has added some meanwhile, or it is over.
    """
    written = [*chat.messages, *(_json(message) for message in messages)]
    won = session.scalar(
        update(Chat)
        .where(Chat.id == chat.id, Chat.length == chat.length, Chat.ended_at.is_(None))
        .values(
            messages=written,
            length=len(written),
            ending=ending,
            ended_at=func.clock_timestamp() if ending else None,
        )
        .returning(Chat.id)
        .execution_options(synchronize_session=False)
    )
    if won is None:
        raise Conflict("This conversation went on meanwhile, or is over: read it again.")


def messages(chat: Chat) -> list[Message]:
    """Return what was written so far."""
    return [
        Message(
            one["role"],
            one["text"],
            tuple(ToolCall(**call) for call in one.get("tool_calls", ())),
            one.get("tool_call_id", ""),
        )
        for one in chat.messages
    ]


def _json(message: Message) -> dict[str, Any]:
    calls = [{"id": call.id, "name": call.name, "arguments": dict(call.arguments)} for call in message.tool_calls]
    more = {"tool_calls": calls} if calls else {}
    if message.tool_call_id:
        more["tool_call_id"] = message.tool_call_id  # type: ignore[assignment]
    return {"role": message.role, "text": message.text, **more}
