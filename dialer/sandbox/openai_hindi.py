"""The sandbox's language model in Hindi: the same aims as in English (`openai_talk`), in fewer words.

It tells what the prompt's script says in Hindi, one sentence at a time, and knows no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dialer.sandbox.openai_intents import Intent
from dialer.sandbox.openai_tools import Tools, Wish, wish

_SPOKEN: Final = re.compile(r"\bSpeak Hindi\b")
_DEVANAGARI: Final = re.compile(r"[\u0900-\u097f]")
_KNOWS: Final = re.compile(r"What you know[^\n]*:\n(.*?)(?:\n\s*\nAbout the person|\Z)", re.DOTALL)
_IF_ASKED: Final = re.compile(r"^\W*(?:अगर|जब) .*?(?:पूछें|कहें|हो)[,:] ?(.+)")
_MONEY: Final = re.compile(r"रुपये|₹|कीमत|दाम|खर्च|मुफ़्त")
_OFFER: Final = "क्या मैं आपके लिए एक समय तय कर दूँ?"
_ASK_DAY: Final = "आपके लिए कौन सा दिन और समय ठीक रहेगा?"
_ASK_CALLBACK: Final = "आपको कब फ़ोन करना ठीक रहेगा?"
_GOODBYE: Final = "आपके समय के लिए धन्यवाद। नमस्ते।"
_TURNS_AT_MOST: Final = 12


def is_spoken(prompt: str) -> bool:
    """Whether a system prompt wants Hindi."""
    return bool(_SPOKEN.search(prompt))


@dataclass(frozen=True, slots=True)
class Said:
    """A conversation so far, as far as an answer depends on it."""

    prompt: str
    agent: tuple[str, ...]
    heard: str
    """What the person said since the agent last spoke."""
    intent: Intent
    used: tuple[str, ...]
    """Names of the tools that were used."""
    tool_result: str | None
    """The result of the tool that was used last, if nobody has spoken since."""


def answer(said: Said, tools: Tools) -> tuple[str, Wish | None]:
    """Answer: words, and a tool or None."""
    return _Talk(said, tools).answer()


class _Talk:
    """One answer in the making."""

    def __init__(self, said: Said, tools: Tools) -> None:
        self._said = said
        self._tools = tools
        found = _KNOWS.search(said.prompt)
        lines = [line.strip(" -") for line in (found.group(1) if found else "").splitlines()]
        self._facts = [
            sentence.strip()
            for line in lines
            if _DEVANAGARI.search(line) and not _IF_ASKED.match(line)
            for sentence in re.findall(r"[^।?]+[।?]", line)
        ]
        self._answers = [asked.group(1) for line in lines if (asked := _IF_ASKED.match(line))]

    def answer(self) -> tuple[str, Wish | None]:
        """Answer what was said last."""
        if self._said.tool_result is not None:
            return self._after_tool()
        if len(self._said.agent) >= _TURNS_AT_MOST:
            return self._close()
        rules: Mapping[Intent, Callable[[], tuple[str, Wish | None]]] = {
            Intent.OPT_OUT: self._opt_out,
            Intent.WRONG_NUMBER: lambda: self._close("माफ़ कीजिए, ग़लत नंबर लग गया।"),
            Intent.NOT_INTERESTED: lambda: self._close("कोई बात नहीं।"),
            Intent.NO: lambda: self._close("कोई बात नहीं।"),
            Intent.GOODBYE: self._close,
            Intent.CALL_LATER: self._later,
            Intent.ASKS_HUMAN: self._human,
            Intent.ASKS_PRICE: lambda: (f"{self._price()} {_OFFER}", None),
            Intent.ASKS_WHO: lambda: (f"मैं एक एआई असिस्टेंट हूँ। {self._fact()} {_OFFER}", None),
            Intent.ASKS_ROBOT: lambda: (f"जी हाँ, मैं एक एआई असिस्टेंट हूँ। {_OFFER}", None),
            Intent.UNCLEAR: lambda: ("माफ़ कीजिए, मैं सुन नहीं पाई। क्या आप दोबारा कहेंगे?", None),
        }
        rule = rules.get(self._said.intent)
        return rule() if rule is not None else self._go_on()

    def _go_on(self) -> tuple[str, Wish | None]:
        last = self._said.agent[-1] if self._said.agent else ""
        if _ASK_CALLBACK in last:
            return self._later()
        if _ASK_DAY in last:
            return self._close("ठीक है, यह समय तय रहा।")
        if _OFFER in last and self._said.intent in (Intent.YES, Intent.INTERESTED):
            return f"बहुत बढ़िया। {_ASK_DAY}", None
        return f"{self._fact()} {_OFFER}", None

    def _fact(self) -> str:
        told = " ".join(self._said.agent)
        return next((fact for fact in self._facts if fact not in told), "")

    def _price(self) -> str:
        known = (*self._answers, *self._facts)
        return next((fact for fact in known if _MONEY.search(fact)), "दाम मुझे नहीं पता, हमारे सलाहकार बता देंगे।")

    def _later(self) -> tuple[str, Wish | None]:
        last = self._said.agent[-1] if self._said.agent else ""
        if _ASK_CALLBACK not in last:
            return f"ज़रूर। {_ASK_CALLBACK}", None
        return self._close("ठीक है, हम आपको तब फ़ोन करेंगे।")

    def _human(self) -> tuple[str, Wish | None]:
        if "transfer" in self._tools and "transfer" not in self._said.used:
            return "ज़रूर, मैं आपको अपने साथी से जोड़ती हूँ।", wish(self._tools, "transfer", note="Asked for a person.")
        return f"माफ़ कीजिए, अभी कोई उपलब्ध नहीं है। {_OFFER}", None

    def _opt_out(self) -> tuple[str, Wish | None]:
        if "do_not_call" in self._tools and "do_not_call" not in self._said.used:
            return "", wish(self._tools, "do_not_call", note=self._said.heard)
        return self._close("ठीक है, अब आपको फ़ोन नहीं आएगा।")

    def _after_tool(self) -> tuple[str, Wish | None]:
        return "एक क्षण, कृपया।" if self._said.used[-1:] == ("transfer",) else _GOODBYE, None

    def _close(self, last_words: str = "") -> tuple[str, Wish | None]:
        text = f"{last_words} {_GOODBYE}".strip()
        return text, wish(
            self._tools, "end_call", note="The conversation is over."
        ) if "end_call" in self._tools else None
