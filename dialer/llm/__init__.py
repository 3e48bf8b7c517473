"""Language models: one Protocol, one file per vendor."""
