"""The safeguards, how each is taken out, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Safeguard:
    """One line of code that a law hangs on."""

    name: str
    law: str
    file: str
    code: str
    """What stands there, exactly once."""
    without: str
    """What stands there when it is taken out."""
    tests: tuple[str, ...]
    """Files of tests, or tests, of which at least one must fail then."""


SAFEGUARDS = (
    Safeguard(
        "the fence's WHERE",
        "1: one dial per attempt",
        "dialer/calls/moving.py",
        ".where(Call.id == call_id, Call.state.in_(BEFORE[to]))",
        ".where(Call.id == call_id)",
        ("tests/db/test_dialing.py", "tests/db/test_callbacks.py"),
    ),
    Safeguard(
        "the fence in the database",
        "1: one dial per attempt",
        "migrations/versions/0001_the_whole_schema.py",
        "(CLOCK, CALL_STEPS, CALL_STEPS_TRIGGER, ",
        "(CLOCK, CALL_STEPS, ",
        ("tests/db/test_dialing.py",),
    ),
    Safeguard(
        "the phone lock of the dial",
        "4: opt-out wins",
        "dialer/calls/dialing.py",
        "        lock_phone(session, call.to_number, call.organization_id)\n",
        "",
        ("tests/db/test_dialing.py", "tests/db/test_optout.py"),
    ),
    Safeguard(
        "the phone lock of the opt-out",
        "4: opt-out wins",
        "dialer/leads/optout.py",
        "            lock_phone(session, batch, organization_id)\n",
        "",
        ("tests/db/test_optout.py",),
    ),
    Safeguard(
        "the deadline before the first byte",
        "1: one dial per attempt",
        "dialer/calls/dialing.py",
        "Deadline(on.monotonic() + DEADLINE_S)",
        'Deadline(float("inf"))',
        ("tests/db/test_dialing.py", "tests/db/test_simulation.py"),
    ),
    Safeguard(
        "the deadline's check on the connected socket",
        "1: one dial per attempt",
        "dialer/telephony/sending.py",
        "in_time = map(partial(gt, deadline_s), iter(time.monotonic, None))",
        "in_time = itertools.repeat(deadline_s)",
        ("tests/contract/test_carrier_deadline.py",),
    ),
    Safeguard(
        "the unique index of open calls by phone",
        "2: one open call per phone",
        "migrations/versions/0001_the_whole_schema.py",
        "op.create_index('uq_calls_open_phone', 'calls', ['organization_id', 'to_number'], unique=True",
        "op.create_index('uq_calls_open_phone', 'calls', ['organization_id', 'to_number'], unique=False",
        ("tests/db/test_claiming.py", "tests/db/test_simulation.py"),
    ),
    Safeguard(
        "the sweeper",
        "7: Redis is disposable",
        "dialer/calls/sweeping.py",
        "return {name: _part(name, part, on) for name, part in PARTS.items()}",
        "return {}",
        ("tests/db/test_sweeping.py", "tests/db/test_simulation.py"),
    ),
    Safeguard(
        "the outbox key",
        "9: one effect at each CRM",
        "dialer/outcomes/finishing.py",
        'f"call-{call.id}")]',
        'f"call-{datetime.now().timestamp()}")]',
        ("tests/db/test_finishing.py", "tests/contract/test_crm_outbox.py"),
    ),
    Safeguard(
        "the outbox key at the CRM",
        "9: one effect at each CRM",
        "dialer/crm/letters.py",
        "        key=row.key,\n        at=",
        '        key=f"{row.key}-{row.tries}",\n        at=',
        ("tests/contract/test_crm_outbox.py",),
    ),
    Safeguard(
        "outcome, next step and outbox rows as one, in the database",
        "5: they commit together",
        "migrations/versions/0001_the_whole_schema.py",
        "CALL_STEPS_TRIGGER, OUTCOME_WHOLE, OUTCOME_WHOLE_TRIGGER)",
        "CALL_STEPS_TRIGGER, OUTCOME_WHOLE)",
        ("tests/db/test_finishing.py",),
    ),
)
