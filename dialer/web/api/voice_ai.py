"""/api/voice-ai: understanding, answers, speech and conversations, through the vendors of live calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from dialer.accounts.principal import Principal
from dialer.audio import samples
from dialer.conversation.spoken import Fragment
from dialer.errors import BadInput
from dialer.llm.base import Message
from dialer.understanding.analysis import Understanding
from dialer.web import chatting, understanding
from dialer.web.auth import Manager
from dialer.web.chatting import Reply
from dialer.web.state import State

router = APIRouter(prefix="/api/voice-ai", tags=["voice-ai"])

Language = Annotated[str, Field(max_length=20, description="BCP 47, as in en-US or hi-IN.")]
Zone = Annotated[str, Field(max_length=60, description="The person's own, of the IANA.", examples=["America/New_York"])]
Agent = Annotated[str, Field(max_length=80, description="An agent's name, or the id of one of its versions.")]
Lead = Annotated[
    dict[str, str | int | float | bool | None],
    Field(max_length=50, description="first_name, last_name, company, and whatever the agent should know."),
]


def _billed(who: Manager, state: State) -> Principal:
    """A manager whose organization has not asked too often: what follows costs money at a vendor."""
    state.billed.check(who.organization_id)
    return who


Billed = Annotated[Principal, Depends(_billed)]


class Utterance(BaseModel):
    """What somebody said: its words, its sound, or both."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=2000, description="Left out, the words are recognized in the audio.")
    audio: str = Field(
        default="", max_length=900_000, description="A WAV of 16-bit samples at 8 to 48 kHz, in base64; one person."
    )
    language: Language = "en-US"
    region: str = Field(default="US", pattern="^[A-Z]{2}$", description="Country of phone numbers without a code.")
    timezone: Zone = "UTC"


class Analysis(BaseModel):
    """What was found. Without audio there is no voice in it."""

    text: str
    transcribed: bool = Field(description="Whether the words were recognized in the audio.")
    understanding: Understanding


class Line(BaseModel):
    """Something said."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    text: str = Field(min_length=1, max_length=2000)


class Wish(BaseModel):
    """A conversation that waits for the agent."""

    model_config = ConfigDict(extra="forbid")

    agent: Agent
    messages: list[Line] = Field(min_length=1, max_length=80)
    lead: Lead = {}
    timezone: Zone = "UTC"


class WantedTool(BaseModel):
    """A tool that the model asks for. It was not used."""

    name: str
    arguments: dict[str, Any]


class Spoken(BaseModel):
    """What the agent would say."""

    text: str
    tools: list[WantedTool]
    note: str = Field(description="What the model was told of how the person feels.")
    prompt_tokens: int
    completion_tokens: int
    first_token_ms: float
    took_ms: float


class Speech(BaseModel):
    """What to say, and how."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=1000)
    voice: str = Field(default="", max_length=200, description="As an agent's definition names it; else the agent's.")
    language: Language = ""
    agent: str = Field(default="", max_length=80, description="Speak as this agent; its placeholders are filled.")
    lead: Lead = {}
    format: Literal["wav", "mulaw"] = Field(default="wav", description="8 kHz mono: 16-bit WAV, or bare mu-law.")

    @model_validator(mode="after")
    def _has_a_voice(self) -> Speech:
        if not self.agent and not self.voice:
            raise ValueError("give an agent or a voice")
        return self


class Turn(BaseModel):
    """A step of a conversation in writing."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["begin", "say", "end"]
    conversation_id: UUID | None = Field(default=None, description="Of all steps but the first.")
    agent: str = Field(default="", max_length=80, description="To begin: an agent's name or version id.")
    lead: Lead = {}
    phone: str = Field(default="", max_length=40, description="To begin: whom an opt-out is about.")
    text: str = Field(default="", max_length=2000, description="To say: what the person wrote.")
    timezone: Zone = "UTC"


@router.post("/analyze-emotion")
async def analyze_emotion(body: Utterance, who: Manager, state: State) -> Analysis:
    """Find emotion, intent, sentiment and entities in an utterance, as in a live call."""
    done = await understanding.analyse(
        state,
        who,
        text=body.text,
        audio=body.audio,
        language=body.language,
        region=body.region,
        timezone=body.timezone,
    )
    return Analysis(text=done.text, transcribed=done.transcribed, understanding=done.found)


@router.post("/generate-response")
async def generate_response(body: Wish, who: Billed, state: State) -> Spoken:
    """Let an agent answer a conversation. Nothing is kept, and no tool is used: they are only named."""
    answer, note = await chatting.respond(
        state,
        who,
        agent=body.agent,
        messages=[Message(line.role, line.text) for line in body.messages],
        lead=body.lead,
        timezone=body.timezone,
    )
    return Spoken(
        text=answer.text,
        tools=[WantedTool(name=tool.name, arguments=dict(tool.arguments)) for tool in answer.tools],
        note=note,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        first_token_ms=answer.first_token_ms,
        took_ms=answer.took_ms,
    )


@router.post(
    "/synthesize-speech",
    response_class=Response,
    responses={200: {"content": {"audio/wav": {}, "audio/basic": {}}, "description": "The audio."}},
)
async def synthesize_speech(body: Speech, who: Billed, state: State) -> Response:
    """Speak a text with the voices of live calls; when one breaks off, the next one says the rest."""
    text, voice, language = await chatting.cast(
        state, who, body.text, agent=body.agent, voice=body.voice, language=body.language, lead=body.lead
    )
    crew = await state.assistant.crew()
    audio = await _whole(crew.speak(text, voice=voice, language=language))
    if body.format == "mulaw":
        return Response(audio, media_type="audio/basic")
    return Response(samples.as_wav(audio), media_type="audio/wav")


@router.post("/manage-conversation")
async def manage_conversation(body: Turn, who: Billed, state: State) -> Reply:
    """Hold a conversation with an agent in writing: begin it, say something, end it.

    An opt-out in it is a real one if a phone was named at its beginning.
    """
    if body.action == "begin":
        if not body.agent:
            raise BadInput("To begin, name an agent.")
        return await chatting.begin(state, who, agent=body.agent, lead=body.lead, phone=body.phone)
    if body.conversation_id is None:
        raise BadInput("Name the conversation_id that its beginning gave you.")
    if body.action == "end":
        return await chatting.close(state, who, body.conversation_id)
    if not body.text.strip():
        raise BadInput("Say something: text is empty.")
    return await chatting.say(state, who, body.conversation_id, body.text.strip(), timezone=body.timezone)


async def _whole(pieces: AsyncIterator[bytes | Fragment]) -> bytes:
    """Join a voice's audio; a piece of a word that is said again is cut off."""
    audio = bytearray()
    async for piece in pieces:
        if isinstance(piece, Fragment):
            del audio[len(audio) - min(piece.bytes, len(audio)) :]
        else:
            audio += piece
    return bytes(audio)
