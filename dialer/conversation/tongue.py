"""Which of an agent's languages is spoken on one call: the person decides, by asking for one or by speaking it."""

from __future__ import annotations

from typing import Final

from dialer.agents.definition import AgentDefinition
from dialer.languages import detecting, known

SURE_WORDS: Final = 3
"""So many words in another language are no loan from it; fewer must be said twice in a row."""


class Tongue:
    """Follows the person from one language to another. Times do not matter to it."""

    def __init__(self, agent: AgentDefinition) -> None:
        self._agent = agent
        self._tags = {known.of(tag).code: tag for tag in (*agent.languages, agent.language)}
        self._languages = tuple(known.of(tag) for tag in self._tags.values())
        self._foreign = 0
        self.agent = agent
        """The agent as it speaks now."""
        self.switches = 0

    @property
    def listens_for(self) -> str:
        """The recognizer's language: a BCP 47 tag, or "multi" if the person may speak another one."""
        return self._agent.language if len(self._tags) == 1 else "multi"

    def follow(self, words: str, recognized: str) -> bool:
        """The person said this; return whether the agent goes over to another language now.

        Args:
            words: one turn.
            recognized: the language that the recognizer heard, ISO 639-1; "" if it does not tell.
        """
        if len(self._tags) == 1:
            return False
        if (asked := detecting.asked_for(words, self._languages)) is not None:
            return self._go_over(asked.code)
        found = detecting.spoken(words, self._languages)
        code = recognized if recognized in self._tags else found.code if found is not None else ""
        if not code or self._tags[code] == self.agent.language:
            self._foreign = 0
            return False
        self._foreign += 1
        sure = len(words.split()) >= SURE_WORDS or self._foreign > 1
        return sure and self._go_over(code)

    def _go_over(self, code: str) -> bool:
        self._foreign = 0
        tag = self._tags[code]
        if tag == self.agent.language:
            return False
        self.agent = self._agent.speaking(tag)
        self.switches += 1
        return True
