"""The CRMs of this world: they keep records as the real ones do, and refuse what those refuse."""

from dialer.sandbox.crm.mounting import mount

__all__ = ["mount"]
