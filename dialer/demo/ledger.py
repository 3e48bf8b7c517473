"""What the sandbox's ledger says happened, told without a look at our own database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dialer.demo.world import Line

_HEARD = ("words", "broken_words", "unknown")
_OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})


@dataclass(frozen=True, slots=True)
class Told:
    """The ledger, added up.

    `carrier_ids` are the calls that were accepted. `duplicate_dials` are those of them that should not be: a second
    one for an attempt, one without an attempt, or one to a number that had an open call. `crm_effects` counts the
    records that were created, by CRM and object; `repeated_effects` the creations beyond the first of one key.
    """

    carrier_ids: frozenset[str]
    refused: int
    duplicate_dials: int
    crm_effects: dict[str, dict[str, int]]
    repeated_effects: int
    webhooks: int
    heard: dict[str, dict[str, int]]
    """What arrived of the words that were spoken: by people, of the agent's; by the recognizer, of theirs."""


def read(lines: Iterable[Line]) -> Told:
    """Add a ledger up."""
    lines = list(lines)
    accepted = [line for line in lines if line["kind"] == "call.accepted"]
    created = [line for line in lines if line["kind"] == "crm.write" and line.get("created")]
    effects: dict[str, Counter[str]] = {}
    for line in created:
        effects.setdefault(line["crm"], Counter())[line["object"]] += 1
    keys = Counter((line["crm"], line["object"], line["key"]) for line in created if line["key"])
    return Told(
        carrier_ids=frozenset(line["carrier_id"] for line in accepted),
        refused=sum(1 for line in lines if line["kind"] == "call.refused"),
        duplicate_dials=_duplicates(lines),
        crm_effects={crm: dict(sorted(objects.items())) for crm, objects in sorted(effects.items())},
        repeated_effects=sum(number - 1 for number in keys.values()),
        webhooks=len({line["key"] for line in lines if line["kind"] == "webhook" and line["status"] == 200}),
        heard=_heard(lines),
    )


def _heard(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    """Add up what each ear heard whole, in part, and without knowing it."""
    heard: dict[str, Counter[str]] = {}
    for line in lines:
        if line["kind"] == "hearing":
            heard.setdefault(line["key"], Counter()).update({name: line[name] for name in _HEARD})
    return {ear: {name: tally[name] for name in _HEARD} for ear, tally in sorted(heard.items())}


def _duplicates(lines: Iterable[dict[str, Any]]) -> int:
    """Walk through the ledger in order, knowing for each number which call is open."""
    attempts: set[str] = set()
    open_call: dict[str, str] = {}
    bad = 0
    for line in lines:
        if line["kind"] == "call.accepted":
            attempt, number = line["call_id"], line["to"]
            bad += attempt is None or attempt in attempts or number in open_call
            attempts.add(attempt)
            open_call[number] = line["carrier_id"]
        elif line["kind"] == "call.status" and line["status"] in _OVER:
            number = line["to"]
            if open_call.get(number) == line["carrier_id"]:
                del open_call[number]
    return bad
