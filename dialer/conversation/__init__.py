"""The live conversation: asyncio, no database, nothing that blocks."""
