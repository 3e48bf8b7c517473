"""The audio of a run: callers' utterances and the agent's replies by espeak-ng, the same every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np

from bench import delays
from dialer.audio import mulaw
from dialer.sandbox.voices import Utterance, Voices

CALLER: Final = (
    "Yes hello who is calling please",
    "I am interested but tell me the price first",
    "Can you call me back tomorrow afternoon",
    "No I already have an account with you",
    "What exactly does the service include",
    "My order number is four seven nine two",
    "I would like to speak with a human agent",
    "That sounds good let us book it for Monday",
    "Sorry I did not understand that last part",
    "How long will the delivery take to London",
    "Okay and what happens after the first month",
)
LOUD: Final = 400
"""Samples under this, of 32768, are a pause."""
KEPT_PAUSE_FRAMES: Final = 3
"""Of a pause inside an utterance: nobody's endpointing shall see a turn's end there."""


class _Nobody:
    """These utterances need not be recognized again."""

    def add(self, utterance: Utterance) -> None:
        """Forget it."""


def write(folder: Path) -> Path:
    """Write `utt_NN.ulaw`, `reply_NN.pcm` (8 kHz) and `speech.json`; what is there already stays."""
    listing = folder / "speech.json"
    if listing.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    voices = Voices(_Nobody())
    for number, text in enumerate(CALLER):
        (folder / f"utt_{number:02}.ulaw").write_bytes(_without_pauses(voices.speak(text, "en-us", 170).mulaw))
    replies = [_without_edges(voices.speak(text, "en-gb", 160).mulaw) for text in delays.REPLY]
    for number, spoken in enumerate(replies):
        (folder / f"reply_{number:02}.pcm").write_bytes(mulaw.decode(spoken))
    told = {name: value for name, value in vars(delays).items() if name.isupper()}
    told |= {"TOKENS": delays.tokens(), "REPLY_MS": [len(spoken) // mulaw.BYTES_PER_MS for spoken in replies]}
    listing.write_text(json.dumps(told, indent=1))
    return folder


def utterances(folder: Path) -> list[list[bytes]]:
    """The callers' utterances as 20 ms frames of mu-law."""
    return [_frames(file.read_bytes()) for file in sorted(folder.glob("utt_*.ulaw"))]


def replies(folder: Path) -> dict[str, bytes]:
    """The agent's sentences as mu-law."""
    files = sorted(folder.glob("reply_*.pcm"))
    return {text: mulaw.encode(file.read_bytes()) for text, file in zip(delays.REPLY, files, strict=True)}


def reply_ms(folder: Path) -> int:
    """How long a whole reply lasts."""
    return sum(len(spoken) for spoken in replies(folder).values()) // mulaw.BYTES_PER_MS


def _frames(audio: bytes) -> list[bytes]:
    return [audio[at : at + mulaw.FRAME_BYTES] for at in range(0, len(audio), mulaw.FRAME_BYTES)]


def _loud(frame: bytes) -> bool:
    return bool(np.abs(mulaw.PCM[np.frombuffer(frame, np.uint8)].astype(np.int32)).max() > LOUD)


def _without_edges(audio: bytes) -> bytes:
    """Cut the silence before the first word and after the last."""
    frames = _frames(audio)
    loud = [number for number, frame in enumerate(frames) if _loud(frame)]
    return b"".join(frames[loud[0] : loud[-1] + 1])


def _without_pauses(audio: bytes) -> bytes:
    """The same, with the pauses inside shortened, and no frame of digital silence anywhere."""
    kept: list[bytes] = []
    quiet = 0
    for frame in _frames(_without_edges(audio)):
        quiet = 0 if _loud(frame) else quiet + 1
        if quiet <= KEPT_PAUSE_FRAMES:
            kept.append(b"\xfe" + frame[1:] if frame == mulaw.SILENCE * len(frame) else frame)
    return b"".join(kept)
