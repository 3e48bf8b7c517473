"""Opt-outs that race dials, and CRMs that are unwell."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from dialer import db
from dialer.accounts import queries as accounts
from dialer.accounts import secret
from dialer.leads.optout import opt_out
from tests.chaos.catalogue import fault
from tests.chaos.run import Run

RACES = 1000


@fault("21", f"{RACES:,} opt-outs racing dials, a third of the requests on their way", quiet_s=150)
def opt_outs_race(run: Run) -> None:
    """Each lead opts out at a moment at which it is claimed, being dialed, ringing or unknown; by API or by SMS."""
    run.world.faults({"latency": 1.0, "drop_reply": 0.05}, latency_s=0.2)
    run.start(RACES, cps=30)
    with db.transaction(run.world.sessions) as tx:
        organization_id = accounts.organization(tx.session, run.world.settings.organization)
    key = secret.read(run.world.settings)
    dice = random.Random(run.world.seed)
    phones = list(run.phones)
    dice.shuffle(phones)
    lock = threading.Lock()

    def by_call(phone: str) -> None:
        opt_out(run.world.sessions, organization_id, [phone], how="chaos", source="api", by="chaos", secret=key)
        with lock:
            run.opted_out[phone] = time.time()

    def by_sms(phone: str) -> None:
        caller = run.world.settings.vendors.twilio_caller_id
        run.world.http.post("/world/sms", json={"from": phone, "to": caller, "body": "STOP"})

    run.struck()
    with ThreadPoolExecutor(8) as pool:
        done = []
        for phone in phones:
            done.append(pool.submit(by_sms if dice.random() < 0.1 else by_call, phone))
            time.sleep(dice.uniform(0, 0.06))
        for one in done:
            one.result()
    run.until_quiet(200)
    run.world.faults({})
    after = {line["to"] for line in run.accepted()}
    run.notes.append(
        f"{len(run.opted_out)} by call, {len(phones) - len(run.opted_out)} by SMS; {len(after)} had been called"
    )


POISON = 2
WEBHOOKS = 20
"""So many must get through while HubSpot is down: it may not hold the others up."""


@fault(
    "22",
    "one CRM down, the other busy, both silent after writing, webhooks lost, and two leads that no CRM takes",
    quiet_s=240,
)
def crm_unwell(run: Run) -> None:
    """One CRM is down altogether while the other one is busy and forgets to answer; then both are well, but refuse two
    leads by a rule of their own until somebody lifts it.
    """
    poison = run.ahead(POISON)
    down = {
        "hubspot.unwell": 1.0,
        "salesforce.rate_limited": 0.02,
        "salesforce.session_over": 0.1,
        "webhook_lost": 0.3,
        "webhook_error": 0.2,
    }
    run.world.faults(down, barred=poison)
    run.struck()
    run.start(40, cps=10)
    run.until(lambda: not run.dialing(), 60, "every call to be placed")
    run.until(lambda: _told(run) >= WEBHOOKS, 120, f"{WEBHOOKS} webhooks while HubSpot is down")
    told = _told(run)
    written = sum(1 for line in run.lines("crm.write") if line["crm"] == "hubspot")
    assert written == 0, "HubSpot was not down: the fault was not injected"
    run.world.faults({"hubspot.silent_after_write": 0.05, "salesforce.silent_after_write": 0.05}, barred=poison)
    run.struck()
    run.until_quiet(300)
    parked = run.world.dialer("outbox", "list")["rows"]
    assert {row["destination"] for row in parked} == {"hubspot", "salesforce"}, f"parked: {parked}"
    assert len({row["lead_id"] for row in parked}) == POISON, f"the rows of other leads are parked, too: {parked}"
    assert all(row["error"] for row in parked), f"parked without a word: {parked}"
    run.world.faults({})
    run.struck()
    again = run.world.dialer("outbox", "retry")["retried"]
    run.notes.append(f"{told} webhooks told while HubSpot was down; {again} rows parked, and sent when asked again")


def _told(run: Run) -> int:
    """How many webhooks were taken."""
    return sum(1 for line in run.lines("webhook") if line["status"] == 200)
