"""FLUSHALL with ten thousand open calls: until everything that lost its wake-up has been seen to.

Beat, campaign, lead and result workers run as in production, over Redis and PostgreSQL of their own. Of the open calls
most are in conversation, a fifth are claimed and wait for their slot; as many have just ended and wait for their
outcome. The campaign is a draft, so that the dialing protocol ends before the POST: no carrier takes part, and what is
measured is the sweep and the workers behind it.
"""

from __future__ import annotations

import time
from typing import Any, Final

from redis import Redis
from sqlalchemy import text

from bench import workers
from bench.database import Database, database
from bench.rows import Bench, Figure, Row
from bench.spread import Spread
from dialer.db import transaction
from dialer.embedded.redis import broker_url
from dialer.errors import DialerError
from dialer.messages import CeleryMessages
from dialer.supervisor.programs import free_port
from schedules.table import EVERY_S

OPEN: Final = 10_000
QUICK_OPEN: Final = 500
WAITING: Final = 0.2
"""The share of the open calls that are claimed; as many more have ended."""
CPS: Final = 100.0
GOAL_S: Final = 60.0
LIMIT_S: Final = 140.0
_CALLS = text(
    """
    WITH given AS MATERIALIZED (SELECT CAST(:state AS text) AS state, dialer_now() AS now),
    taken AS (
        UPDATE leads SET state = 'in_flight', due_at = NULL
        WHERE id IN (SELECT id FROM leads WHERE state = 'due' ORDER BY id LIMIT :number) RETURNING *)
    INSERT INTO calls (id, organization_id, campaign_id, lead_id, attempt, purpose, direction, to_number, from_number,
                       carrier_account_id, agent_version_id, ring_timeout_s, state, moved_at, claimed_at, dial_at,
                       carrier_id, dialing_at, dialing_wall, seat, seat_worker, closed_wall, carrier_status)
    SELECT gen_random_uuid(), l.organization_id, l.campaign_id, l.id, 1, 'campaign', 'outbound', l.phone, i.phone,
           i.carrier_account_id, c.agent_version_id, c.ring_timeout_s, g.state, g.now, g.now, g.now,
           CASE WHEN g.state <> 'claimed' THEN 'CA' || md5(l.phone) END,
           CASE WHEN g.state <> 'claimed' THEN g.now END,
           CASE WHEN g.state <> 'claimed' THEN clock_timestamp() END,
           CASE WHEN g.state = 'talking' THEN 'taken' ELSE 'none' END,
           CASE WHEN g.state = 'talking' THEN 'bench' END,
           CASE WHEN g.state = 'ended' THEN clock_timestamp() END,
           CASE WHEN g.state = 'ended' THEN 'busy' END
    FROM given g CROSS JOIN taken l JOIN campaigns c ON c.id = l.campaign_id
    JOIN caller_ids i ON i.id = c.caller_id_id
    RETURNING CAST(id AS text)
    """
)
# The worker that holds the talking calls: alive for as long as the measurement lasts, and without a free seat.
_SEATED = text(
    """
    INSERT INTO workers (name, media_url, seats, draining, heartbeat_wall)
    VALUES ('bench', 'ws://127.0.0.1', 0, true, clock_timestamp() + interval '1 hour')
    """
)
_PACE = text("UPDATE carrier_accounts SET cps = :cps, next_slot = NULL")
_LEFT = text(
    """
    SELECT count(*) FILTER (WHERE state = 'claimed'),
           count(*) FILTER (WHERE state = 'ended' AND outcome_at IS NULL) FROM calls
    """
)


def measure(bench: Bench) -> Row:
    """Lose all messages once, and wait."""
    open_calls = QUICK_OPEN if bench.quick else OPEN
    waiting = int(open_calls * WAITING)
    with database(bench, "sweep") as there:
        there.fill(open_calls + waiting)
        with transaction(there.sessions) as tx:
            tx.session.execute(_SEATED)
            tx.session.execute(_PACE, {"cps": CPS})
        carrier = {
            "TWILIO_ACCOUNT_SID": there.settings.vendors.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": "bench",
            "TWILIO_CALLER_ID": there.settings.vendors.twilio_caller_id,
            "TWILIO_BASE_URL": f"http://127.0.0.1:{free_port()}",
        }
        with (
            Redis.from_url(there.settings.redis_url) as redis,
            workers.running(workers.ENGINE, there.settings, carrier),
        ):
            bench.tell(f"sweep: {open_calls:,} open calls, {2 * waiting:,} of all calls wait for a worker …")
            _make(there, open_calls - waiting, "talking")
            messages = CeleryMessages(broker_url(there.settings.redis_url))
            messages.send_all("results.finish", _make(there, waiting, "ended"))
            messages.send_all("leads.place", _make(there, waiting, "claimed"))
            lost = sum(_left(there))
            redis.flushall()
            redis.config_resetstat()
            took_s, most_queued = _until_seen_to(there, redis)
            sent = _published(redis) - took_s * sum(1 / every_s for every_s in EVERY_S.values())
    back = Spread.of([took_s])
    figures = (
        Figure("until all that lost their wake-up were seen to", "s", back, {}, "≤ 60", took_s <= GOAL_S),
        Figure(
            "messages sent meanwhile for each of them",
            "",
            Spread.of([sent / max(lost, 1)]),
            {},
            "≤ 2",
            sent <= 2 * lost,
        ),
        Figure("most messages queued at once", "", Spread.of([float(most_queued)])),
    )
    note = f"{open_calls:,} open calls; {lost:,} calls had a wake-up to lose, at {CPS:.0f} calls/s to be dialed"
    return Row("sweep", figures, (note,))


def _make(there: Database, number: int, state: str) -> list[str]:
    """Add calls in a state, and return their ids."""
    with transaction(there.sessions) as tx:
        return list(tx.session.scalars(_CALLS, {"number": number, "state": state}))


def _left(there: Database) -> tuple[int, int]:
    with there.sessions() as session:
        claimed, unfinished = session.execute(_LEFT).one()
        return int(claimed), int(unfinished)


def _until_seen_to(there: Database, redis: Redis) -> tuple[float, int]:
    """Seconds until no call is claimed and none that ended lacks its outcome, and the most messages that were seen."""
    began, most = time.monotonic(), 0
    while any(left := _left(there)):
        queued: Any = [redis.llen(queue) for queue in ("leads", "results")]
        most = max(most, sum(queued))
        if time.monotonic() - began > LIMIT_S:
            raise DialerError(f"After {LIMIT_S:.0f} s {left[0]} calls are still claimed and {left[1]} lack an outcome.")
        time.sleep(0.2)
    return time.monotonic() - began, most


def _published(redis: Redis) -> int:
    """Messages since the statistics were reset, ticks included."""
    told: Any = redis.info("commandstats")
    return int(told.get("cmdstat_lpush", {}).get("calls", 0))
