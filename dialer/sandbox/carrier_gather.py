"""What <Gather> takes from a person while it prompts them and after: keys, speech, or whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from xml.etree.ElementTree import Element

from dialer.sandbox.heard import SpeechStarted
from dialer.sandbox.hearing import Ear
from dialer.sandbox.media_line import Line
from dialer.sandbox.world import World

_LOOK_EVERY_S = 0.04
_AUTO_SPEECH_TIMEOUT_S = 0.8
"""What speechTimeout="auto" comes to: a pause in which the recognizer takes the sentence for over."""
_CONFIDENCE = "0.9321"


class Gathering:
    """One <Gather>."""

    def __init__(self, world: World, line: Line, verb: Element, patience: float) -> None:
        """Begin to listen.

        Args:
            world: whose voices are recognized.
            line: the call's.
            verb: the element.
            patience: by which times are multiplied.
        """
        wanted = verb.get("input", "dtmf").split()
        self._line = line
        self._takes_speech = "speech" in wanted
        self._barge_in = verb.get("bargeIn", "true") == "true"
        self._most_digits = int(verb.get("numDigits", "64"))
        self._finish_key = verb.get("finishOnKey", "#")
        self._timeout_s = float(verb.get("timeout", "5")) * patience
        pause = verb.get("speechTimeout", "auto")
        self._pause_ms = (_AUTO_SPEECH_TIMEOUT_S if pause == "auto" else float(pause)) * 1000
        self._ear = Ear(world.registry)
        self._digits = ""
        self._words: list[str] = []
        self._speech_begun = False
        if "dtmf" in wanted:
            line.on_digit = self._press
        if self._takes_speech:
            line.taps.append(self._tap)

    async def collect(self, prompts: Coroutine[Any, Any, Any]) -> dict[str, str]:
        """Prompt, and return what came as the action is told it; nothing if nothing came in time."""
        speaking = asyncio.ensure_future(prompts)
        loop = asyncio.get_running_loop()
        try:
            while not speaking.done() and not self._interrupted:
                await asyncio.wait({speaking}, timeout=_LOOK_EVERY_S)
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            quiet_since, had = loop.time(), len(self._digits)
            while not self._over and loop.time() - quiet_since < self._timeout_s:
                await asyncio.sleep(_LOOK_EVERY_S)
                if self._speech_begun or len(self._digits) > had:
                    quiet_since, had = loop.time(), len(self._digits)
                    self._speech_begun = self._speech_begun and self._ear.silent_ms < self._pause_ms
        finally:
            speaking.cancel()
            self._line.on_digit = None
            if self._takes_speech:
                self._line.taps.remove(self._tap)
        if self._digits:
            return {"Digits": self._digits.removesuffix(self._finish_key) if self._finish_key else self._digits}
        if self._words:
            return {"SpeechResult": " ".join(self._words), "Confidence": _CONFIDENCE}
        return {}

    @property
    def _interrupted(self) -> bool:
        return bool(self._digits) or (self._barge_in and self._speech_begun)

    @property
    def _over(self) -> bool:
        if self._digits:
            ended = bool(self._finish_key) and self._digits.endswith(self._finish_key)
            return ended or len(self._digits) >= self._most_digits
        return bool(self._words) and self._ear.silent_ms >= self._pause_ms

    def _press(self, digit: str) -> None:
        self._digits += digit

    def _tap(self, said: bytes, _heard: bytes) -> None:
        for event in self._ear.feed(said):
            self._speech_begun = True
            if not isinstance(event, SpeechStarted):
                self._words.append(event.text)
