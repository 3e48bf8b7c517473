"""CRMs: one Protocol, one file per vendor, and the outbox that delivers to them."""
