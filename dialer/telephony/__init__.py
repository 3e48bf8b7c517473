"""Phone carriers: one Protocol, one file per vendor."""
