"""Where the CRMs join the world: /hubspot, /salesforce, and what they keep at /world/crm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException

from dialer.sandbox.crm import hubspot, salesforce
from dialer.sandbox.crm.records import Records
from dialer.sandbox.crm.refusal import Refusal, answer
from dialer.sandbox.crm.salesforce_org import UNIQUE

if TYPE_CHECKING:
    from dialer.sandbox.world import World


def mount(app: FastAPI, world: World) -> None:
    """Put both CRMs into `app`, with everything that the world's ledger says was written to them."""
    kept = {
        "hubspot": Records(world.ledger, "hubspot", unique={("contacts", "email")}),
        "salesforce": Records(world.ledger, "salesforce", unique=set(UNIQUE)),
    }
    app.add_exception_handler(Refusal, answer)
    app.include_router(hubspot.router(world, kept["hubspot"]), prefix="/hubspot")
    app.include_router(salesforce.router(world, kept["salesforce"]), prefix="/salesforce")

    @app.get("/world/crm/{crm}")
    async def list_records(crm: str) -> dict[str, Any]:
        """List every record of one CRM."""
        if crm not in kept:
            raise HTTPException(404, f"There is no CRM {crm}; there are {sorted(kept)}.")
        return {"records": [record.as_json() for record in kept[crm].all()]}
