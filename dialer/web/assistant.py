"""Speech and language for requests: the vendors of live calls, on the web process's own loop."""

from __future__ import annotations

import asyncio
from typing import Final

from dialer import wiring
from dialer.audio.mulaw import FRAME_BYTES, FRAME_MS, SILENCE, SILENT_FRAME
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.settings import Settings
from dialer.speech.base import Recognition

FEED_FACTOR: Final = 8
"""How much faster than it was spoken a recording goes to the recognizer."""
FRAMES_AT_ONCE: Final = 10
SILENT_FRAMES: Final = 25
"""Half a second of silence behind a recording lets a recognizer end its turn."""
LAST_WORDS_S: Final = 3.0
"""How long the last words may take after the last of the audio."""
SETTLED_S: Final = 0.6
"""Without further words for so long, those were the last."""


class Assistant:
    """Makes the vendors when they are first needed: their SDKs take seconds to import."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._vendors: LiveVendors | None = None
        self._crew: Crew | None = None

    async def crew(self) -> Crew:
        """Return the vendors.

        Raises:
            BadInput: a vendor is named in the settings that there is not.
        """
        async with self._lock:
            if self._crew is None:
                self._vendors = await asyncio.to_thread(wiring.live_vendors, self._settings)
                self._crew = Crew(self._vendors)
        return self._crew

    async def transcribe(self, mulaw: bytes, *, language: str) -> str:
        """Return the words of a recording: 8 kHz mu-law, one person.

        Raises:
            VendorBusy, VendorRefused: nobody could listen to its end.
        """
        crew = await self.crew()
        _, recognition = await crew.listen(language=language, hints=())
        words: list[str] = []

        async def hear() -> None:
            async for heard in recognition:
                if heard.is_final and heard.text:
                    words.append(heard.text)

        hearing = asyncio.create_task(hear())
        try:
            audio = mulaw + SILENCE * (SILENT_FRAMES * FRAME_BYTES + -len(mulaw) % FRAME_BYTES)
            step = FRAME_BYTES * FRAMES_AT_ONCE
            for at in range(0, len(audio), step):
                for frame in range(at, min(at + step, len(audio)), FRAME_BYTES):
                    recognition.feed(audio[frame : frame + FRAME_BYTES])
                await asyncio.sleep(step / 8000 / FEED_FACTOR)
                if hearing.done():
                    break
            recognition.finalize()
            await _last_words(recognition, hearing, words)
        finally:
            await recognition.close()
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        return " ".join(words)

    async def close(self) -> None:
        """Let go of connections."""
        if self._vendors is not None:
            for voice in self._vendors.voices:
                await voice.close()
            for brain in self._vendors.brains:
                await brain.close()


async def _last_words(recognition: Recognition, hearing: asyncio.Task[None], words: list[str]) -> None:
    """Wait until no more words come. Silence goes on meanwhile, as on a line: recognizers hang up on who sends nothing.

    Raises:
        VendorBusy, VendorRefused: the stream broke.
    """
    loop = asyncio.get_running_loop()
    began_s = newest_s = loop.time()
    known = 0
    while loop.time() - began_s < LAST_WORDS_S and not (words and loop.time() - newest_s > SETTLED_S):
        recognition.feed(SILENT_FRAME * FRAMES_AT_ONCE)
        await asyncio.wait({hearing}, timeout=FRAMES_AT_ONCE * FRAME_MS / 1000)
        if hearing.done():
            hearing.result()
            return
        if len(words) > known:
            known, newest_s = len(words), loop.time()
