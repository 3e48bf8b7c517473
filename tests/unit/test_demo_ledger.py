from __future__ import annotations

from typing import Any

from dialer.demo import ledger


def accepted(carrier_id: str, call_id: str | None, to: str) -> dict[str, Any]:
    return {"kind": "call.accepted", "carrier_id": carrier_id, "call_id": call_id, "to": to}


def over(carrier_id: str, to: str, status: str = "completed") -> dict[str, Any]:
    return {"kind": "call.status", "carrier_id": carrier_id, "to": to, "status": status}


def written(crm: str, object_name: str, key: str | None, *, created: bool = True) -> dict[str, Any]:
    return {"kind": "crm.write", "crm": crm, "object": object_name, "key": key, "created": created}


def test_calls_one_after_the_other_are_no_duplicates() -> None:
    told = ledger.read([accepted("CA1", "a", "+1"), over("CA1", "+1", "busy"), accepted("CA2", "b", "+1")])

    assert told.duplicate_dials == 0
    assert told.carrier_ids == {"CA1", "CA2"}


def test_a_second_dial_of_one_attempt_is_a_duplicate_even_when_the_first_is_over() -> None:
    told = ledger.read([accepted("CA1", "a", "+1"), over("CA1", "+1"), accepted("CA2", "a", "+1")])

    assert told.duplicate_dials == 1


def test_a_dial_to_a_number_with_an_open_call_is_a_duplicate() -> None:
    assert ledger.read([accepted("CA1", "a", "+1"), accepted("CA2", "b", "+1")]).duplicate_dials == 1


def test_a_dial_that_belongs_to_no_attempt_is_a_duplicate() -> None:
    assert ledger.read([accepted("CA1", None, "+1")]).duplicate_dials == 1


def test_effects_are_records_created_and_a_key_has_one() -> None:
    told = ledger.read(
        [
            written("hubspot", "calls", "k1"),
            written("hubspot", "calls", "k1", created=False),
            written("hubspot", "calls", "k2"),
            written("salesforce", "Task", "k1"),
            written("salesforce", "Task", "k1"),
        ]
    )

    assert told.crm_effects == {"hubspot": {"calls": 2}, "salesforce": {"Task": 2}}
    assert told.repeated_effects == 1


def test_a_webhook_that_came_twice_is_one_event() -> None:
    line = {"kind": "webhook", "key": "msg_1", "status": 200}

    assert ledger.read([line, line, {"kind": "webhook", "key": "msg_2", "status": 401}]).webhooks == 1


def test_what_was_heard_is_added_up_by_who_heard_it() -> None:
    line = {"kind": "hearing", "key": "person", "words": 7, "broken_words": 1, "unknown": 0}

    told = ledger.read([line, line, line | {"key": "deepgram", "unknown": 2}])

    assert told.heard == {
        "deepgram": {"words": 7, "broken_words": 1, "unknown": 2},
        "person": {"words": 14, "broken_words": 2, "unknown": 0},
    }
