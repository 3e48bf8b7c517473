"""An agent: what it says, how it sounds, what it may do, what it must find out. A file in `config/agents/*.toml`."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from dialer.agents import json_schema, naming
from dialer.agents.flow import Flow
from dialer.agents.http_tool import HttpTool
from dialer.agents.meetings import MeetingHours
from dialer.agents.menus import Menus
from dialer.agents.turntaking import Turntaking
from dialer.agents.wording import PLACEHOLDER, VendorName, Wording, known_placeholders
from dialer.errors import BadInput
from dialer.languages import known

ToolName = Literal[
    "end_call",
    "do_not_call",
    "schedule_callback",
    "transfer",
    "find_slots",
    "book_meeting",
    "send_sms",
    "send_email",
    "look_up_knowledge",
    "press_digits",
]
CollectionName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
_E164 = re.compile(r"\+[1-9]\d{6,14}")


class AgentDefinition(Wording):
    """One agent. Texts may name {first_name}, {last_name}, {company}, {agent}, {seller} and {callback_number}."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    seller: str = Field(min_length=1)
    """Who is calling, as the opener and the drop message name them."""
    callback_number: str = ""
    voice: str = "21m00Tcm4TlvDq8ikWAM"
    """The voice that the installation's first voice vendor gives it; the others speak with one of their own."""
    voices: tuple[VendorName, ...] = ()
    """Who speaks for it instead, in this order: "elevenlabs/21m00Tcm4TlvDq8ikWAM", "openai/coral", or just "polly"."""
    turn_by_turn: bool = False
    """Where no seat or stream, no voice or no recognizer can be had: let the carrier speak and listen itself, turn by
    turn, instead of playing the drop message or giving up."""
    recognizers: tuple[VendorName, ...] = ()
    """Who listens for it, in this order. Empty: all that are configured, in their own order."""
    brains: tuple[VendorName, ...] = ()
    """Who thinks for it, in this order: "gemini", or with a model of its own "openai/gpt-5.4". Others follow."""
    speech_to_speech: tuple[VendorName, ...] = ()
    """Models that hear and speak by themselves, in this order, with a voice if one is wanted: "openai/marin", "gemini".
    Recognizers, language models and voices go on where none can. Empty: those do it all."""
    flow: Flow | None = None
    """The conversation as states and rules; with it a language model speaks only where the flow hands over."""
    opener: str = Field(min_length=20)
    """Fixed first words, outside the model: who calls, that this is an AI, and how to opt out. Never interrupted."""
    goal: str = Field(min_length=10)
    script: str = ""
    """What the agent knows and how it should go about its goal."""
    voicemail: str = ""
    """The message left after the beep; empty: hang up."""
    tools: tuple[ToolName, ...] = ("end_call", "do_not_call", "schedule_callback")
    http_tools: tuple[HttpTool, ...] = ()
    """Tools of the customer's own."""
    menus: Menus = Menus()
    """How press_digits finds its way through phone menus."""
    meetings: MeetingHours = MeetingHours()
    """When book_meeting may book."""
    knowledge: tuple[CollectionName, ...] = ()
    """Collections of documents that bear on what people ask. Each turn is looked up in them."""
    knowledge_ms: int = Field(default=150, ge=0, le=2000)
    """How long an answer waits for that; what has not come by then is left out."""
    transfer_to: str = ""
    transfer_mode: Literal["cold", "warm"] = "cold"
    """warm: the colleague hears who it is and why, and takes the person by pressing 1; else the person comes back."""
    transfer_email: str = ""
    """Where a briefing in writing goes as well."""
    purpose: Literal["marketing", "informational"] = "marketing"
    turntaking: Turntaking = Turntaking()
    extraction: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON schema of what is read from the transcript."""

    @field_validator("extraction")
    @classmethod
    def _is_schema(cls, value: dict[str, Any]) -> dict[str, Any]:
        return json_schema.of_object(value)

    @model_validator(mode="after")
    def _can_transfer(self) -> AgentDefinition:
        if "transfer" in self.tools and not _E164.fullmatch(self.transfer_to):
            raise ValueError("transfer_to: the tool transfer needs a number in E.164 form, such as +12125550143")
        return self

    @model_validator(mode="after")
    def _has_documents_to_look_into(self) -> AgentDefinition:
        if "look_up_knowledge" in self.tools and not self.knowledge:
            raise ValueError("knowledge: the tool look_up_knowledge needs at least one collection of documents")
        return self

    @model_validator(mode="after")
    def _names_each_tool_once(self) -> AgentDefinition:
        names = [*get_args(ToolName), *(tool.name for tool in self.http_tools)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"http_tools: {sorted(twice)} is the name of another tool")
        return self

    @model_validator(mode="after")
    def _flow_uses_its_tools(self) -> AgentDefinition:
        own = {*self.tools, *(tool.name for tool in self.http_tools)}
        if self.flow is not None and self.speech_to_speech:
            raise ValueError("flow: a conversation by states and rules cannot be left to speech_to_speech")
        if self.flow is not None and (unknown := self.flow.tools - own):
            raise ValueError(f"flow: {sorted(unknown)} is not among the tools")
        return self

    @model_validator(mode="after")
    def _offers_an_opt_out(self) -> AgentDefinition:
        if "do_not_call" not in self.tools:
            raise ValueError("tools: do_not_call cannot be left out")
        return self

    @field_validator("opener", "voicemail")
    @classmethod
    def _can_be_filled_in(cls, value: str) -> str:
        return known_placeholders(value)

    @property
    def cast(self) -> str:
        """Whose voices speak, as `dialer.conversation.casting` reads the words of it."""
        return " ".join(self.voices) or self.voice

    @property
    def sha256(self) -> str:
        """What identifies this version: the hash of its canonical JSON."""
        body = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()

    def say(self, template: str, lead: dict[str, Any]) -> str:
        """Fill the placeholders of a text; what the lead does not have, or what is no name, becomes a neutral word."""
        neutral = known.of(self.language).neutral
        values = {
            "first_name": naming.person(lead.get("first_name")) or neutral["first_name"],
            "last_name": naming.person(lead.get("last_name")),
            "company": naming.company(lead.get("company")) or neutral["company"],
            "agent": self.name,
            "seller": self.seller,
            "callback_number": spoken(self.callback_number) or neutral["callback_number"],
        }
        return PLACEHOLDER.sub(lambda m: values.get(m.group(1), m.group(0)), template)

    def hints(self, lead: Mapping[str, Any]) -> tuple[str, ...]:
        """Names that are likely to be said on a call, which a recognizer is told of."""
        names = (lead.get(key) for key in ("first_name", "last_name", "company"))
        return (*(str(name) for name in names if name), self.seller)


def spoken(number: str) -> str:
    """A phone number as a voice should read it: digit by digit, in groups; the plus of E.164 is left out.

    >>> spoken("+12125550142")
    '1, 2 1 2, 5 5 5, 0 1 4 2'
    """
    digits = re.sub(r"\D", "", number)
    if len(digits) == 11 and digits[0] == "1":
        groups = [digits[0], digits[1:4], digits[4:7], digits[7:]]
    else:
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return ", ".join(" ".join(group) for group in groups)


def read(path: Path) -> AgentDefinition:
    """Read an agent's file.

    Raises:
        BadInput: it cannot be read; the message names the file, the field and what it takes.
    """
    try:
        return AgentDefinition.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()]
        raise BadInput(f"{path}: " + "; ".join(lines)) from error
