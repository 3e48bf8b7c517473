"""What the sandbox's speech-to-speech models share: its ears to hear, its mind to think, its voices to speak."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dialer.sandbox import openai_talk
from dialer.sandbox.heard import SpeechStarted
from dialer.sandbox.hearing import Ear
from dialer.sandbox.openai_tools import Tools, Wish
from dialer.sandbox.voices import SAMPLE_RATE_HZ, Utterance, vendor_voice
from dialer.sandbox.world import World

Json = dict[str, Any]

THINKING_S = 0.15
"""From the end of the person's turn to the first piece of an answer."""
_CUT_OFF = re.compile(r"\[Your last reply was cut off; they heard (?:only: (.*)|nothing of it)\]", re.DOTALL)
_ADVICE = re.compile(r"\[(How they (?:are|were).*)\]", re.DOTALL)
_TOKEN_CHARACTERS = 4
_TOKENS_PER_S = 20
"""Of audio."""


@dataclass(slots=True)
class Said:
    """An answer: words, their audio, and a tool. `message` is its place in the conversation."""

    text: str
    utterance: Utterance | None
    wish: Wish | None
    call_id: str
    message: Json
    prompt_tokens: int
    tokens: int

    def keep(self, heard_ms: int) -> None:
        """Forget the words that were not heard to their end."""
        if self.utterance is not None:
            heard = heard_ms * SAMPLE_RATE_HZ // 1000
            words = [word.text for word in self.utterance.words if word.end <= heard]
            self.message["content"] = " ".join(words)


class LiveMind:
    """One conversation. Audio is 8 kHz mu-law."""

    def __init__(self, world: World, instructions: str, tools: Tools, voice: str) -> None:
        self._world = world
        self._tools = tools
        self._voice = vendor_voice(voice)
        self._messages: list[Json] = [{"role": "system", "content": instructions}]
        self._ear = Ear(world.registry)
        self._words: list[str] = []
        self._spoken: Json | None = None
        self._calls = 0

    def listen(self) -> None:
        """The person begins to speak."""
        self._ear = Ear(self._world.registry)
        self._words = []

    def hear(self, mulaw: bytes) -> list[str]:
        """Take audio; return the words that are recognized with it."""
        words = [heard.text for heard in self._ear.feed(mulaw) if not isinstance(heard, SpeechStarted)]
        self._words += words
        return words

    def understand(self) -> str:
        """The person paused; return what they said since they began."""
        self._words += [heard.text for heard in self._ear.finish() if not isinstance(heard, SpeechStarted)]
        text = " ".join(self._words)
        self.listen()
        if text:
            self.tell("user", text)
        return text

    def tell(self, role: str, text: str) -> None:
        """Something was said. A note that a reply was cut off, or of how they are, is no speech: it is heeded."""
        cut, advice = _CUT_OFF.fullmatch(text), _ADVICE.fullmatch(text)
        if advice is not None:
            self._messages.append({"role": "system", "content": advice.group(1)})
        elif cut is None:
            self._messages.append({"role": role, "content": text})
        elif self._spoken is not None:
            self._spoken["content"] = cut.group(1) or ""

    def instruct(self, instructions: str) -> None:
        """These are its instructions from now on."""
        self._messages[0] = {"role": "system", "content": instructions}

    def used(self, call_id: str, result: str) -> None:
        """A function returned. What was said since it was called came after it."""
        calls = (message.get("tool_calls") or () for message in self._messages)
        at = next((n for n, wanted in enumerate(calls) if any(call["id"] == call_id for call in wanted)), None)
        result_of = {"role": "tool", "tool_call_id": call_id, "content": result}
        self._messages.insert(len(self._messages) if at is None else at + 1, result_of)

    def forget_calls(self) -> None:
        """Function calls that nobody answered are void."""
        answered = {message.get("tool_call_id") for message in self._messages}
        self._messages = [
            message
            for message in self._messages
            if all(call["id"] in answered for call in message.get("tool_calls") or ())
        ]

    async def answer(self) -> Said:
        """Think, and make the audio of what comes of it."""
        asked = sum(len(openai_talk.text_of(message)) for message in self._messages)
        thought = openai_talk.answer(self._messages, self._tools)
        utterance = await self._world.speak(thought.text, voice=self._voice) if thought.text else None
        spoken: Json = {"role": "assistant", "content": thought.text}
        if thought.text:
            self._messages.append(spoken)
            self._spoken = spoken
        self._calls += 1
        call_id = f"call_{self._calls}"
        if thought.wish is not None:
            function = {"name": thought.wish.name, "arguments": thought.wish.arguments_json}
            call = {"id": call_id, "type": "function", "function": function}
            self._messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        tokens = round(utterance.seconds * _TOKENS_PER_S) if utterance else 0
        return Said(thought.text, utterance, thought.wish, call_id, spoken, asked // _TOKEN_CHARACTERS, tokens)
