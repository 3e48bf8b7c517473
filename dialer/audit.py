"""`dialer audit`: for each law, a count of what can be seen to break it. Operators, demo and tests ask the same."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from dialer import clock
from dialer.calls import urls
from dialer.calls.models import Call, Direction
from dialer.calls.states import OPEN
from dialer.campaigns import balance
from dialer.campaigns.models import Campaign
from dialer.leads.models import Suppression
from dialer.telephony.base import Carrier, CarrierCall

NAMES = MappingProxyType(
    {
        1: "at_most_one_dial",
        2: "one_open_call_per_phone",
        3: "lawful_at_ring_time",
        4: "opt_out_wins",
        5: "outcome_is_whole",
        6: "ledger_balances",
        7: "nothing_is_stuck",
        8: "every_move_explained",
        9: "one_effect_per_key",
        10: "tenants_apart",
    }
)

CARRIER_CLOCK = timedelta(seconds=2)
"""By how much the carrier's clock, which counts whole seconds, may be ahead of ours."""

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))

LAW_SQL = MappingProxyType(
    {
        1: """
            SELECT (SELECT count(*) FROM (SELECT call_id FROM call_moves WHERE state = 'dialing'
                                          GROUP BY call_id HAVING count(*) > 1) AS twice)
                 + (SELECT count(*) FROM (SELECT lead_id, attempt FROM calls
                                          WHERE lead_id IS NOT NULL AND direction = 'outbound' AND state <> 'withdrawn'
                                          GROUP BY lead_id, attempt HAVING count(*) > 1) AS repeated)
                 + (SELECT count(*) FROM strays)
        """,
        2: f"""
            SELECT count(*) FROM (SELECT organization_id, to_number FROM calls
                                  WHERE direction = 'outbound' AND state IN ({_OPEN})
                                  GROUP BY organization_id, to_number HAVING count(*) > 1) AS busy
        """,
        3: """
            SELECT count(*) FROM calls
            WHERE direction = 'outbound' AND purpose = 'campaign' AND dialing_at IS NOT NULL
              AND (closes_at IS NULL OR dialing_at > closes_at)
        """,
        4: """
            SELECT count(*) FROM calls c JOIN suppressions s
                ON s.organization_id = c.organization_id AND s.phone = c.to_number
            WHERE c.direction = 'outbound' AND c.dialing_wall > s.wall
              AND c.state NOT IN ('claimed', 'withdrawn')
        """,
        5: """
            SELECT (SELECT count(*) FROM outcomes o WHERE o.deliveries >
                        (SELECT count(*) FROM outbox b WHERE b.call_id = o.call_id
                            AND b.kind IN ('contact', 'activity', 'task', 'event')))
                 + (SELECT count(*) FROM calls c WHERE (c.outcome_at IS NOT NULL)
                        <> EXISTS (SELECT FROM outcomes o WHERE o.call_id = c.id))
                 + (SELECT count(*) FROM outcomes o WHERE o.lead_id IS NOT NULL AND NOT EXISTS
                        (SELECT FROM lead_moves m JOIN calls c ON c.id = m.call_id
                         WHERE m.lead_id = o.lead_id AND m.call_id = o.call_id
                           AND (m.state <> 'in_flight' OR c.direction = 'inbound')))
        """,
        7: """
            SELECT (SELECT count(*) FROM calls WHERE state = 'claimed' AND dial_at < dialer_now() - interval '60 s'
                        AND moved_wall < clock_timestamp() - interval '60 s'
                        AND NOT (SELECT shut FROM dialing_gate WHERE id = 1))
                 + (SELECT count(*) FROM calls WHERE state = 'dialing' AND carrier_id IS NULL
                        AND dialing_wall < clock_timestamp() - interval '60 s')
                 + (SELECT count(*) FROM calls WHERE state = 'unknown'
                        AND greatest(settle_wall, moved_wall) < clock_timestamp() - interval '60 s')
                 + (SELECT count(*) FROM calls WHERE state IN ('ended', 'failed') AND outcome_at IS NULL
                        AND closed_wall < clock_timestamp() - interval '400 s')
                 + (SELECT count(*) FROM callbacks WHERE folded_wall IS NULL
                        AND received_wall < clock_timestamp() - interval '60 s')
                 + (SELECT count(*) FROM outbox WHERE state = 'pending'
                        AND next_wall < clock_timestamp() - interval '60 s'
                        AND (leased_until IS NULL OR leased_until < clock_timestamp() - interval '60 s')
                        AND NOT EXISTS (SELECT FROM outbox older WHERE older.destination = outbox.destination
                            AND (older.lead_id = outbox.lead_id OR older.call_id = outbox.call_id)
                            AND older.id < outbox.id AND older.state = 'pending'))
        """,
        8: """
            SELECT (SELECT count(*) FROM calls c WHERE c.state IS DISTINCT FROM
                        (SELECT m.state FROM call_moves m WHERE m.call_id = c.id ORDER BY m.id DESC LIMIT 1))
                 + (SELECT count(*) FROM leads l WHERE l.state IS DISTINCT FROM
                        (SELECT m.state FROM lead_moves m WHERE m.lead_id = l.id ORDER BY m.id DESC LIMIT 1))
                 + (SELECT count(*) FROM campaigns p WHERE p.state IS DISTINCT FROM
                        (SELECT m.state FROM campaign_moves m WHERE m.campaign_id = p.id ORDER BY m.id DESC LIMIT 1))
        """,
        9: """
            SELECT (SELECT count(*) FROM (SELECT destination, key FROM outbox
                                          GROUP BY destination, key HAVING count(*) > 1) AS twice)
                 + (SELECT count(*) FROM (SELECT destination, kind, external_id FROM outbox
                                          WHERE state = 'sent' AND kind IN ('activity', 'task')
                                            AND external_id IS NOT NULL
                                          GROUP BY destination, kind, external_id HAVING count(*) > 1) AS shared)
        """,
        10: """
            SELECT (SELECT count(*) FROM leads l JOIN campaigns p ON p.id = l.campaign_id
                        WHERE p.organization_id <> l.organization_id)
                 + (SELECT count(*) FROM calls c JOIN leads l ON l.id = c.lead_id
                        WHERE l.organization_id <> c.organization_id)
                 + (SELECT count(*) FROM outcomes o JOIN calls c ON c.id = o.call_id
                        WHERE c.organization_id <> o.organization_id)
                 + (SELECT count(*) FROM outbox b JOIN calls c ON c.id = b.call_id
                        WHERE c.organization_id <> b.organization_id)
                 + (SELECT count(*) FROM follow_ups f JOIN calls c ON c.id = f.call_id
                        WHERE c.organization_id <> f.organization_id)
        """,
    }
)


def laws(session: Session, *, carrier: Carrier | None = None) -> dict[str, int]:
    """Count violations: law name → n. All laws are 0 in a sound system.

    Args:
        carrier: if given, laws 1 to 4 are also compared with the carrier's own list.

    Raises:
        CarrierBusy, VendorRefused: the carrier could not be asked.
    """
    counts = {number: int(session.scalar(text(sql)) or 0) for number, sql in LAW_SQL.items()}
    campaigns = session.scalars(select(Campaign.id)).all()
    counts[6] = sum(not balance.balances(balance.count(session, campaign_id)) for campaign_id in campaigns)
    if carrier is not None:
        for law in _compare(session, carrier):
            counts[law] += 1
    return {NAMES[number]: counts[number] for number in sorted(NAMES)}


def _compare(session: Session, carrier: Carrier) -> list[int]:
    """The laws that the carrier's own list shows broken, once for each time."""
    rows = {call.carrier_id: call for call in session.scalars(select(Call).where(Call.carrier_id.is_not(None)))}
    first = min((call.dialing_wall for call in rows.values() if call.dialing_wall), default=None)
    listed = list(carrier.list_since((first or clock.wall(session)) - timedelta(minutes=1)))
    broken: list[int] = []
    attempts: Counter[object] = Counter()
    open_phones: Counter[object] = Counter()
    opted_out = {
        (organization_id, phone): wall
        for organization_id, phone, wall in session.execute(
            select(Suppression.organization_id, Suppression.phone, Suppression.wall)
        )
    }
    for theirs in listed:
        if not theirs.ordered:
            continue
        ours = rows.get(theirs.carrier_id)
        if ours is None:
            broken += [1] if _is_ours(carrier, theirs) else []
            continue
        attempts[ours.id] += 1
        if not theirs.status.over:
            open_phones[ours.organization_id, theirs.to_number] += 1
        if ours.to_number != theirs.to_number:
            broken.append(1)
        if theirs.created_at is None or ours.direction is not Direction.OUTBOUND:
            continue
        if _rang_late(ours, theirs.created_at):
            broken.append(3)
        stopped = opted_out.get((ours.organization_id, ours.to_number))
        if stopped is not None and theirs.created_at > stopped + CARRIER_CLOCK:
            broken.append(4)
    broken += [1 for number in attempts.values() if number > 1]
    broken += [2 for number in open_phones.values() if number > 1]
    return broken


def _rang_late(call: Call, created_at: datetime) -> bool:
    """Whether the carrier took the call when its window had closed. Its clock is the wall's, the window's is not."""
    if call.closes_at is None or call.dialing_at is None or call.dialing_wall is None:
        return False
    return created_at > call.dialing_wall + (call.closes_at - call.dialing_at) + CARRIER_CLOCK


def _is_ours(carrier: Carrier, call: CarrierCall) -> bool:
    """Whether a carrier call that no row has was placed by us: it asked one of our URLs, or has asked nothing yet."""
    asked = carrier.asked_urls(call.carrier_id)
    return not asked or any(urls.call_of(url) for url in asked)
