"""How long things took on the way to the agent's first sound. Times are the loop's, in seconds; 0.0: it did not happen.

What a vendor took is measured in the call itself, from our request to what we waited for; see `Timings.as_ms`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Opening:
    """A call's way from the person's answer to the first sound of the opener."""

    answered_s: float = 0.0
    """Our row has known since then that they answered. 0.0 for a seat that took the call over: they heard us before."""
    seated_s: float = 0.0
    """A seat was taken: its stream was expected from then on."""
    began_s: float = 0.0
    """The stream began."""

    def as_ms(self, sent_s: float) -> dict[str, float]:
        """Milliseconds until the first frame was handed to the socket at `sent_s`."""
        since = (
            ("answer_to_first_audio_ms", self.answered_s),
            ("seat_to_first_audio", self.seated_s),
            ("stream_to_first_audio", self.began_s),
        )
        return {name: round((sent_s - at_s) * 1000, 1) for name, at_s in since if at_s}


@dataclass(slots=True)
class Timings:
    """When things happened on the way to an answer."""

    last_word_s: float = 0.0
    """The end of the person's speech as the VAD saw it."""
    stt_final_s: float = 0.0
    """The recognizer's last final words arrived."""
    turn_over_s: float = 0.0
    """The person's turn was taken for over."""
    stt_wait_s: float = 0.0
    """A duration: how much later that was because the recognizer needs time for its words."""
    llm_s: float = 0.0
    """A duration: from asking the model until its first sentence was complete, over all rounds with tools."""
    sentence_s: float = 0.0
    """The model's first sentence was complete."""
    first_token_s: float = 0.0
    """The model's first token arrived."""
    asked_s: float = 0.0
    """The first sentence was given to the voice."""
    first_audio_s: float = 0.0
    """The voice's first audio arrived."""
    sent_s: float = 0.0
    """The first frame was handed to the socket."""

    def sentence(self, asked_s: float, now: float) -> None:
        """A sentence of the model's is complete, in a round that it was asked for at `asked_s`."""
        if not self.sentence_s:
            self.sentence_s = now
            self.llm_s += now - asked_s

    def round_over(self, asked_s: float, now: float) -> None:
        """The model has said all that it had to say in this round; without a sentence that was a tool's name."""
        if not self.sentence_s:
            self.llm_s += now - asked_s

    def as_ms(self) -> dict[str, float]:
        """The `timings_ms` of an answer, as `dialer.conversation.facts.TurnFinished` defines them."""
        result: dict[str, float] = {}
        if self.last_word_s:
            for name, at_s in (
                ("stt_final", self.stt_final_s),
                ("first_token", self.first_token_s),
                ("first_audio", self.first_audio_s),
                ("sent", self.sent_s),
            ):
                if at_s:
                    result[name] = _ms(at_s - self.last_word_s)
        if self.asked_s and self.first_audio_s:
            result["ttfa"] = _ms(self._voice_s)
        if self.last_word_s and self.turn_over_s and self.asked_s and self.first_audio_s and self.sent_s:
            vendors_s = self.stt_wait_s + self.llm_s + self._voice_s
            result["stt_wait"] = _ms(self.stt_wait_s)
            result["llm"] = _ms(self.llm_s)
            result["endpoint_wait"] = _ms(self.turn_over_s - self.last_word_s - self.stt_wait_s)
            result["turn_latency_over_vendor_ms"] = _ms(self.sent_s - self.last_word_s - vendors_s)
        return result

    @property
    def _voice_s(self) -> float:
        return self.first_audio_s - self.asked_s


def _ms(seconds: float) -> float:
    """Never negative: final words can come before the VAD sees the end of speech."""
    return round(max(seconds, 0.0) * 1000, 1)
