"""What is kept with a call about who answered it, and the keys that were pressed for it."""

from __future__ import annotations

from sqlalchemy import select

from dialer.calls import facts
from dialer.calls.models import Call, ToolUse
from dialer.conversation.facts import EndReason, MachineHeard
from dialer.outcomes.deciding import Evidence, known
from dialer.outcomes.models import Disposition
from tests.db.toolroom import Toolroom, seated
from tests.factories import Factory


def hear(room: Toolroom, *heard: MachineHeard) -> Call:
    effects = facts.Effects(opt_out=lambda *_: None, cancel=lambda _: None)  # type: ignore[arg-type,return-value]
    for fact in heard:
        facts.apply(fact, facts.Seat(room.call.id, 1, "calls-1"), room.sessions, effects)
    with room.sessions() as session:
        return session.get_one(Call, room.call.id)


def test_all_evidence_is_kept_in_order_and_the_last_verdict_stands(factory: Factory) -> None:
    menu, person = MachineHeard("ivr", "For sales, press 1.", 4.2), MachineHeard("human", "behind the menu", 21.0)
    call = hear(seated(factory, {}), menu, menu, person)
    assert call.machine == "human"
    assert call.machine_evidence == "4.2 s: ivr: For sales, press 1.\n21.0 s: human: behind the menu"


def test_keys_are_a_row_for_an_agent_that_may_press_them(factory: Factory) -> None:
    room = seated(factory, {}, tools=("end_call", "do_not_call", "press_digits"))
    assert room.want("press_digits", digits="2", why="sales").ok
    assert not room.want("press_digits", digits="call +1 900").ok
    with room.sessions() as session:
        rows = session.scalars(select(ToolUse).order_by(ToolUse.id)).all()
    assert [(row.name, row.arguments["digits"], row.ok) for row in rows] == [
        ("press_digits", "2", True),
        ("press_digits", "call +1 900", False),
    ]


def test_an_agent_without_the_tool_presses_nothing(factory: Factory) -> None:
    assert not seated(factory, {}).want("press_digits", digits="2").ok


def test_a_menu_with_nobody_behind_it_counts_as_screened() -> None:
    evidence = Evidence(
        carrier_status="completed",
        carrier_code="",
        answered=True,
        abandoned=False,
        ending=EndReason.IVR.value,
        machine="ivr",
        opted_out=False,
        transferred=False,
        callback_agreed=False,
        person_turns=3,
    )
    assert known(evidence) is Disposition.SCREENED
