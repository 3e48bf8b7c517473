"""The beat table: what ticks, and how often."""
