"""`python -m tests.answers`: call every answer of the labelled set, and print what the product took it for."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence

from tests.answers import labelled, scoring
from tests.answers.calling import Outcome, call
from tests.answers.scripts import LABELS, LANGUAGES, PARTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.answers", description=__doc__)
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all", help="which part of the set")
    parser.add_argument("--label", choices=LABELS, help="only these answers")
    parser.add_argument("--seed", type=int, default=labelled.SEED, help="which voices and lines")
    parser.add_argument("--mistakes", action="store_true", help="list what went wrong (keep it away from held_out)")
    given = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    for part in PARTS if given.part == "all" else (given.part,):
        answers = labelled.build(part, given.seed)
        for language in LANGUAGES:
            began = time.monotonic()
            outcomes = [call(a) for a in answers if a.script.language == language and given.label in (None, a.label)]
            scores = scoring.score(outcomes)
            _say(f"\n### {part}, {language}, seed {given.seed}: {scores.right} of {scores.answers} right\n")
            _say(scoring.table(scores))
            _say(
                f"\nOf {scores.beeping} recognized voicemails that beep, {scores.recorded_once} recorded exactly one "
                f"whole message; {scores.recorded_twice} recorded two. {time.monotonic() - began:.0f} s."
            )
            if given.mistakes:
                _mistakes(outcomes)
    return 0


def _mistakes(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        answer = outcome.answer
        unrecorded = answer.label == "voicemail" and answer.beeps_s and outcome.recorded != 1
        if outcome.right and not unrecorded:
            continue
        _say(f"\n{answer.name} as {outcome.decided} ({outcome.reason}), line: {answer.line}")
        _say(f"  {answer.script.line}")
        _say(f"  heard: {' '.join(word.text or '…' for word in answer.words)}")
        _say(f"  evidence: {' / '.join(outcome.evidence)}; beeps {answer.beeps_s}; {outcome.messages}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
