"""The sandbox's language model on the phone: a good sales agent by rules, who knows only the messages it is given.

The same messages always get the same answer. One answer is one or two short sentences, and at most one tool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.sandbox import openai_documents, openai_hindi
from dialer.sandbox.openai_intents import Intent, understand
from dialer.sandbox.openai_prompt import Prompt
from dialer.sandbox.openai_times import phrase, spoken, wanted
from dialer.sandbox.openai_tools import Tools, Wish, wish

Message = Mapping[str, Any]

_WOULD_LIKE = "Would you like"
_A_COLLEAGUE = "a colleague to call you with the details"
_ASK_DAY = "Which day and time would suit you?"
_ASK_CALLBACK = "When would be a better time to call you?"
_ASK_MORE = "Is there anything else I can do for you?"
_UNCLEAR = (
    "Sorry, I did not catch that. Could you say it again, please?",
    "I am sorry, I still could not understand you. Could you repeat it, please?",
    "The line is not good, I am afraid. Could you say it once more?",
)
_NOT_KNOWN = "I do not know that, but a colleague can tell you."
_GOODBYE = "Thank you for your time. Goodbye."
_I_UNDERSTAND = "I understand."
_TURNS_AT_MOST = 14
_FAILED = re.compile(
    r"error|fail|cannot|can't|could not|not (?:possible|allowed|available|free|open|lawful)|outside|"
    r"too (?:late|far|soon)|refus|invalid|no such|past\b|unable|nobody|another time",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says and wants done; either may be missing, not both."""

    text: str = ""
    wish: Wish | None = None


def answer(messages: Sequence[Message], tools: Tools) -> Answer:
    """Answer a conversation so far."""
    return _Talk(messages, tools).answer()


class _Talk:
    """One answer in the making."""

    def __init__(self, messages: Sequence[Message], tools: Tools) -> None:
        quoting = [m for m in messages if m["role"] == "user" and openai_documents.texts(text_of(m))]
        self._documents = [text for m in quoting for text in openai_documents.texts(text_of(m))]
        self._messages = messages = [m for m in messages if m not in quoting]
        self._tools = tools
        self._system = "\n".join(text_of(m) for m in messages if m["role"] in ("system", "developer"))
        self._prompt = Prompt.read(self._system)
        spoken_lines = [(m["role"], text_of(m)) for m in messages if m["role"] in ("assistant", "user") and text_of(m)]
        self._said = [text for role, text in spoken_lines if role == "assistant"]
        self._last_said = self._said[-1] if self._said else ""
        latest = next((i for i, (role, _) in enumerate(reversed(spoken_lines)) if role == "assistant"), None)
        self._heard = " ".join(text for _, text in (spoken_lines[-latest:] if latest else []))
        if latest is None:
            self._heard = " ".join(text for role, text in spoken_lines if role == "user")
        self._intents = [understand(text) for role, text in spoken_lines if role == "user"]
        self._used = [call["function"]["name"] for m in messages for call in m.get("tool_calls") or ()]

    def answer(self) -> Answer:
        """Answer the last message."""
        if openai_hindi.is_spoken(self._system):
            return Answer(*openai_hindi.answer(self._so_far(), self._tools))
        if self._messages[-1]["role"] == "tool":
            return self._after_tool()
        if not self._heard:
            return self._open() if not self._said else Answer(f"Are you still there? {self._question()}")
        intent = understand(self._heard)
        if len(self._said) >= _TURNS_AT_MOST:
            return self._close("I do not want to take more of your time.")
        rule = self._rules().get(intent)
        return rule() if rule is not None else self._statement()

    def _so_far(self) -> openai_hindi.Said:
        last = self._messages[-1]
        return openai_hindi.Said(
            prompt=self._system,
            agent=tuple(self._said),
            heard=self._heard,
            intent=understand(self._heard),
            used=tuple(self._used),
            tool_result=text_of(last) if last["role"] == "tool" else None,
        )

    def _rules(self) -> Mapping[Intent, Callable[[], Answer]]:
        tell = self._tell
        return {
            Intent.OPT_OUT: self._opt_out,
            Intent.WRONG_NUMBER: lambda: self._close(
                "I am sorry to have bothered you, I must have the wrong number.", ""
            ),
            Intent.VOICEMAIL: self._machine,
            Intent.SCREENING: self._introduce,
            Intent.UNCLEAR: self._unclear,
            Intent.ASKS_HUMAN: self._human,
            Intent.ASKS_ROBOT: lambda: tell(f"Yes, I am an AI assistant, calling for {self._prompt.seller}."),
            Intent.ASKS_SOURCE: lambda: tell(
                self._prompt.source()
                or f"I was given your number by {self._prompt.seller}, and I know no more about it."
            ),
            Intent.NOT_INTERESTED: lambda: self._close("That is all right."),
            Intent.CALL_LATER: self._later,
            Intent.ASKS_PRICE: lambda: self._inform(
                self._prompt.price(), "I do not know the price, but a colleague can tell you exactly."
            ),
            Intent.TOO_EXPENSIVE: lambda: self._object("A colleague can see what fits your budget."),
            Intent.HAS_ONE: lambda: self._object("It costs nothing to compare."),
            Intent.THINK: lambda: self._object("There is no hurry."),
            Intent.SEND_MAIL: lambda: Answer(f"Gladly, I will note that you want it in writing. {_ASK_MORE}"),
            Intent.INTERESTED: self._go_on,
            Intent.ASKS_WHO: lambda: tell(
                f"This is {self._prompt.name}, an AI assistant calling for {self._prompt.seller}."
            ),
            Intent.ASKS_WHAT: lambda: tell(self._prompt.about(self._heard) or self._prompt.pitch()),
            Intent.GOODBYE: lambda: self._close(""),
            Intent.PRESENT: lambda: Answer(f"Yes, I am here. {self._question()}"),
            Intent.REPEAT: self._repeat,
            Intent.ASKS: lambda: self._inform(self._prompt.about(self._heard), _NOT_KNOWN),
            Intent.NO: self._no,
            Intent.YES: self._go_on,
            Intent.GREETING: lambda: self._open() if not self._said else Answer(f"Hello. {self._question()}"),
        }

    def _open(self) -> Answer:
        who = f"this is {self._prompt.name}, an AI assistant calling for {self._prompt.seller}"
        return Answer(f"Hello, {who}. Is this a good moment?")

    def _introduce(self) -> Answer:
        return Answer(f"This is {self._prompt.name}, an AI assistant calling from {self._prompt.seller}.")

    def _tell(self, fact: str) -> Answer:
        """Answer a question, then lead back."""
        return Answer(f"{fact} {self._question()}")

    def _inform(self, known: str, otherwise: str) -> Answer:
        """Answer from the documents or the prompt; what neither says is looked up, if that can be done."""
        fact = openai_documents.about(self._heard, self._documents) or known
        if not fact and "look_up_knowledge" in self._tools:
            return Answer("", wish(self._tools, "look_up_knowledge", note=self._heard))
        return self._tell(fact or otherwise)

    def _question(self) -> str:
        """The question that is open, or the next one."""
        for question in (_ASK_CALLBACK, _ASK_DAY):
            if question in self._last_said:
                return question
        return self._next()

    def _offer(self) -> str:
        return f"{_WOULD_LIKE} {self._prompt.offer or _A_COLLEAGUE}?"

    def _next(self) -> str:
        """What to ask now: first what is to be found out, then the offer."""
        said = " ".join(self._said)
        return next((question for question in self._prompt.questions if question not in said), self._offer())

    def _go_on(self) -> Answer:
        """They agree: take the next step."""
        if _ASK_CALLBACK in self._last_said and self._when() is not None:
            return self._later()
        if _ASK_DAY in self._last_said:
            return self._settle()
        if "anything else" in self._last_said or "schedule_callback" in self._used:
            return self._close("")
        if _WOULD_LIKE in self._last_said:
            return Answer(f"Wonderful. {_ASK_DAY}")
        if any(question in self._last_said for question in self._prompt.questions):
            return Answer(f"Thank you. {self._next()}")
        return Answer(f"{self._prompt.more(' '.join(self._said))} {self._next()}")

    def _statement(self) -> Answer:
        """They say something that is neither question nor agreement."""
        if self._when() is not None:
            if _ASK_CALLBACK in self._last_said:
                return self._later()
            if any(_WOULD_LIKE in text for text in self._said):  # our question may have been cut short
                return self._settle()
        if "anything else" in self._last_said:
            return self._close("")
        return Answer(f"Thank you, that is good to know. {self._question()}")

    def _settle(self) -> Answer:
        """The next step is agreed."""
        asked = phrase(self._heard)
        if not asked and sum(_ASK_DAY in text for text in self._said) < 2:
            return Answer(f"Gladly. {_ASK_DAY}")
        day = f"{asked[0].upper()}{asked[1:]} it is, and" if asked else "Very well,"
        return self._close(f"{day} a colleague will confirm it.")

    def _later(self) -> Answer:
        """They want to be called at another time."""
        when = self._when()
        if when is not None and "schedule_callback" in self._tools:
            if self._used.count("schedule_callback") > 0 and spoken(when) in " ".join(self._said):
                return self._close(f"Yes, {spoken(when)}.")
            return Answer(
                "", wish(self._tools, "schedule_callback", when=when, note="Asked to be called at this time.")
            )
        if when is not None:
            return self._close(f"I have noted {spoken(when)}.")
        if _ASK_CALLBACK in self._last_said:
            return self._close("Then we will try again another day.")
        return Answer(f"Of course. {_ASK_CALLBACK}")

    def _human(self) -> Answer:
        if "transfer" in self._tools and "transfer" not in self._used:
            return Answer(
                "Of course, I will connect you to a colleague now.",
                wish(self._tools, "transfer", note="Asked to talk to a person."),
            )
        return Answer(f"I am sorry, nobody is free right now. {self._offer()}")

    def _object(self, comfort: str) -> Answer:
        """Take up an objection, once."""
        if any(_I_UNDERSTAND in text for text in self._said):
            return self._close("That is all right.")
        return Answer(f"{_I_UNDERSTAND} {comfort} {self._offer()}")

    def _no(self) -> Answer:
        if not self._said[1:] and re.search(r"good moment|good time|have a minute|a moment|bad time", self._last_said):
            return Answer(f"Of course. {_ASK_CALLBACK}")
        return self._close("" if "anything else" in self._last_said else "That is all right.")

    def _repeat(self) -> Answer:
        return (
            Answer(f"I said: {' '.join(re.split(r'(?<=[.?!]) ', self._last_said)[-2:])}")
            if self._said
            else self._open()
        )

    def _unclear(self) -> Answer:
        times = len([intent for intent in self._intents if intent is Intent.UNCLEAR]) - 1
        if times >= len(_UNCLEAR):
            return self._close("I am sorry, the line is too bad.")
        return Answer(_UNCLEAR[max(times, 0)])

    def _machine(self) -> Answer:
        return self._close("")

    def _opt_out(self) -> Answer:
        if "do_not_call" in self._tools and "do_not_call" not in self._used:
            return Answer("", wish(self._tools, "do_not_call", note=self._heard))
        return self._close("Understood. You will not be called again.", "")

    def _close(self, last_words: str, thanks: str = "Thank you for your time.") -> Answer:
        text = " ".join(part for part in (last_words, thanks, "Goodbye.") if part)
        return Answer(
            text, wish(self._tools, "end_call", note="The conversation is over.") if "end_call" in self._tools else None
        )

    def _after_tool(self) -> Answer:
        """Say what fits the result of the tool."""
        result = self._messages[-1]
        calls = [call for m in self._messages for call in m.get("tool_calls") or ()]
        call = next((c for c in calls if c.get("id") == result.get("tool_call_id")), calls[-1] if calls else None)
        name = call["function"]["name"] if call else ""
        failed = bool(_FAILED.search(text_of(result)))
        if name == "look_up_knowledge":
            found = openai_documents.about(self._heard, openai_documents.texts(text_of(result)))
            return self._tell(found or _NOT_KNOWN)
        if name == "schedule_callback":
            if failed:
                return Answer(f"I am afraid that time is not possible. {_ASK_CALLBACK}")
            when = self._when()
            noted = f"I have noted {spoken(when)}." if when else "I have noted that."
            return Answer(f"{noted} We will call you then. {_ASK_MORE}")
        if name == "transfer":
            return Answer(f"I am sorry, nobody is free right now. {self._offer()}" if failed else "One moment, please.")
        if name == "do_not_call":
            return Answer("Understood. You will not be called again. Goodbye.")
        return Answer(_GOODBYE)

    def _when(self) -> datetime | None:
        return wanted(self._heard, self._prompt.now) if self._prompt.now else None


def text_of(message: Message) -> str:
    """The text of a message, whose content may be a string, parts or nothing."""
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content if isinstance(part, dict)).strip()
    return (content or "").strip()
