"""What each constant of turn-taking costs: real speech by espeak-ng, the real voice detection, the real policies.

Time is the audio's own, 20 ms a step, so that a run gives the same figures on any machine. The recognizer is the
sandbox's: it hears every word, and says so 80 ms later. Run: `python -m bench.turntaking`.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from dialer.agents.turntaking import Turntaking
from dialer.audio import mulaw
from dialer.audio.vad import BatchedEar, SileroBatch
from dialer.conversation.bargein import BargeIn, Move
from dialer.conversation.drafting import bare
from dialer.conversation.endpointing import PersonTurns
from dialer.sandbox.deepgram_results import ListenOptions, Transcriber
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Utterance, Voices, silence
from dialer.speech.base import Heard
from dialer.speech.deepgram import read

RECOGNITION_S: Final = 0.08
LEAD_S: Final = 0.5
TAIL_S: Final = 4.0
VOICES: Final = ("en-us+f1", "en-us+m1", "en-gb+f2", "en-us+m4")
HESITATIONS_S: Final = (0.2, 0.35, 0.5, 0.7, 0.9, 1.2)
"""Pauses within a turn. People's are mostly under half a second; the longer ones are why turns are cut."""
WHOLE: Final = (
    "Yes, what is it about?",
    "I am not interested, thank you.",
    "How much does it cost?",
    "Call me back on Tuesday at ten.",
    "We are about twenty people.",
    "Around two hundred and forty dollars.",
    "Can I talk to a real person?",
    "That sounds good.",
)
BROKEN: Final = (
    ("I would like to", "think about it first."),
    ("My address is", "twelve Harbor Street."),
    ("It is about one hundred", "and eighty dollars a month."),
    ("Tuesday would be good", "but only after ten."),
    ("We have one already", "and we are happy with it."),
    ("Well, the thing is", "my husband decides that."),
    ("I think", "we pay too much."),
    ("Can you tell me", "what it costs?"),
)
OPTIONS: Final = ListenOptions(
    interim_results=True, endpointing_ms=300, utterance_end_ms=1000, vad_events=True, punctuate=True
)
UNPUNCTUATED: Final = ListenOptions(interim_results=True, endpointing_ms=None)
"""A recognizer without opinions: neither punctuation nor ends of turns."""


@dataclass(frozen=True, slots=True)
class Line:
    """Mu-law of one person, and when in it the words begin and end (s)."""

    audio: bytes
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Turn:
    """How one turn went. Seconds."""

    latency_s: float
    """From the last word's end to the end of the turn; negative: the turn was cut."""
    eager_starts: int
    eager_lead_s: float
    """How much sooner the eager start that was right came than the end of the turn."""


class World:
    """Everything that hears."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.voices = Voices(self.registry)
        self.batch = SileroBatch()

    def line(self, parts: Sequence[str], voice: str, pause_s: float = 0.0, noise: float = 0.0) -> Line:
        """Say parts of a turn with a pause between them."""
        audio, began, ended = silence(round(LEAD_S * 1000)), 0, 0
        for index, part in enumerate(parts):
            said: Utterance = self.voices.speak(part, voice=voice, noise=noise)
            audio += silence(round(pause_s * 1000)) if index else b""
            began = began or len(audio) + said.words[0].start
            ended = len(audio) + said.words[-1].end
            audio += said.mulaw
        audio += silence(round(TAIL_S * 1000))
        return Line(audio, began / mulaw.SAMPLE_RATE_HZ, ended / mulaw.SAMPLE_RATE_HZ)

    def hear(self, line: Line, options: ListenOptions) -> Iterator[tuple[float, BatchedEar, list[Heard], Any]]:
        """Step through a line; yield the time, the ear, what the recognizer has just told, and how to ask it to."""
        ear, transcriber = BatchedEar(self.batch), Transcriber(self.registry, options, "bench")
        told: deque[tuple[float, Any]] = deque()
        now = 100.0
        for at in range(0, len(line.audio), mulaw.FRAME_BYTES):
            frame = line.audio[at : at + mulaw.FRAME_BYTES]
            now += mulaw.FRAME_MS / 1000
            ear.feed(frame, now)
            self.batch.run()
            told += ((now + RECOGNITION_S, message) for message in transcriber.feed(frame))
            heard = []
            while told and told[0][0] <= now:
                if isinstance(piece := read(told.popleft()[1]), Heard):
                    heard.append(piece)
            finalize = partial(_ask, transcriber, told, now + RECOGNITION_S)
            yield now - 100.0, ear, heard, finalize
        ear.close()

    def turn(self, line: Line, settings: Turntaking, options: ListenOptions) -> Turn:
        """Let a person say a line, and see when their turn is taken for over."""
        turns, starts, started_s, started_with = PersonTurns(settings), 0, 0.0, ""
        for now, ear, heard, finalize in self.hear(line, options):
            at = now + 100.0
            if ear.voiced_since_s and ear.last_voice_s > turns.turn.ended_s:
                turns.turn.voice(ear.voiced_since_s, ear.last_voice_s)
            for piece in heard:
                turns.words(piece, at)
            turn = turns.turn
            if turn.wants_final(at):
                finalize()
            if not (turn.started_s and turn.probably_over(at)):
                started_with = ""
            elif bare(turn.text) != started_with and starts < settings.eager_most:
                starts, started_s, started_with = starts + 1, now, bare(turn.text)
            elif bare(turn.text) != started_with:
                started_with = ""
            deadline = turn.deadline()
            if deadline is not None and at >= deadline and turn.text:
                return Turn(now - line.ended_s, starts, now - started_s if started_with else 0.0)
        raise RuntimeError("a turn without an end")

    def barge_in(self, line: Line, settings: Turntaking) -> float | None:
        """Let a person speak over the agent; return after how many seconds of speech it falls silent, None: never."""
        policy, turns = BargeIn(settings), PersonTurns(settings)
        for now, ear, heard, _ in self.hear(line, OPTIONS):
            for piece in heard:
                turns.words(piece, now + 100.0)
            move = policy.decide(
                now + 100.0,
                voiced_since_s=ear.voiced_since_s,
                last_voice_s=ear.last_voice_s,
                words=turns.turn.text,
            )
            if move in (Move.HOLD, Move.YIELD):
                return now - line.began_s
        return None


def _ask(transcriber: Transcriber, told: deque[tuple[float, Any]], due: float) -> None:
    told.extend((due, message) for message in transcriber.finalize())


def noises(seed: int = 7, count: int = 20) -> list[Line]:
    """Knocks and rustling: bursts of noise that are no speech, 40 to 400 ms long."""
    dice, lines = random.Random(seed), []
    for _ in range(count):
        length = round(dice.uniform(0.04, 0.4) * mulaw.SAMPLE_RATE_HZ)
        grain = np.random.default_rng(dice.randrange(2**32)).standard_normal(length)
        shape = np.exp(-np.linspace(0, dice.uniform(1, 6), length))
        burst = mulaw.encode((grain * shape * dice.uniform(1500, 9000)).clip(-32768, 32767).astype("<i2").tobytes())
        audio = silence(round(LEAD_S * 1000)) + burst
        audio += silence(round(TAIL_S * 1000)) + mulaw.SILENCE * (-len(burst) % mulaw.FRAME_BYTES)
        lines.append(Line(audio, LEAD_S, LEAD_S + length / mulaw.SAMPLE_RATE_HZ))
    return lines


def quantiles(values: Sequence[float]) -> str:
    """p50 and p95 in milliseconds."""
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return f"{p50 * 1000:4.0f} / {p95 * 1000:4.0f} ms"


def main() -> None:
    """Print a table for each constant."""
    world = World()
    whole = [world.line([text], voice, noise=noise) for text in WHOLE for voice in VOICES[:2] for noise in (0.0, 0.01)]
    broken = [world.line(p, v, pause) for p in BROKEN for v in VOICES[:1] for pause in HESITATIONS_S]

    def ends(label: str, options: ListenOptions, **settings: Any) -> None:
        chosen = Turntaking(**settings)
        turns = [world.turn(line, chosen, options) for line in whole]
        paused = [world.turn(line, chosen, options) for line in broken]
        cuts = sum(turn.latency_s < 0 for turn in turns) + sum(turn.latency_s < 0 for turn in paused)
        kept = [turn for turn in (*turns, *paused) if turn.latency_s >= 0]
        starts = sum(turn.eager_starts for turn in (*turns, *paused))
        lead = quantiles([turn.eager_lead_s for turn in kept])
        print(  # noqa: T201 - its output
            f"| {label} | {quantiles([turn.latency_s for turn in turns])} | {cuts}/{len(turns) + len(paused)}"
            f" | {starts / len(kept):.2f} | {lead} |"
        )

    print("| setting | whole turns: end after last word, p50 / p95 | turns cut | eager starts a turn | lead |")  # noqa: T201
    ends("defaults", OPTIONS)
    ends("defaults, plain recognizer", UNPUNCTUATED)
    for value in (100, 300):
        ends(f"endpoint_sure_ms={value}", OPTIONS, endpoint_sure_ms=value)
    for value in (300, 700):
        ends(f"endpoint_ms={value}, plain recognizer", UNPUNCTUATED, endpoint_ms=value)
    for value in (500, 1500):
        ends(f"endpoint_open_ms={value}", OPTIONS, endpoint_open_ms=value)
    for value in (60, 200):
        ends(f"eager_ms={value}", OPTIONS, eager_ms=value)
    for value in (1, 2, 20):
        ends(f"eager_most={value}", OPTIONS, eager_most=value)

    print("| barge_in_ms | silent after, p50 / p95 | most | noises that stop it |")  # noqa: T201
    for value in (60, 100, 160, 240):
        settings = Turntaking(barge_in_ms=value)
        after = [s for line in whole if (s := world.barge_in(line, settings)) is not None]
        stopped = [world.barge_in(line, settings) is not None for line in noises()]
        print(  # noqa: T201
            f"| {value} | {quantiles(after)} | {max(after) * 1000:.0f} ms ({len(after)}/{len(whole)})"
            f" | {sum(stopped)}/{len(stopped)} |"
        )


if __name__ == "__main__":
    main()
