"""A local world that speaks the vendors' own wire protocols."""
