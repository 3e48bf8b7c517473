"""Days of campaigns in seconds: the product's own code on a real PostgreSQL, under a virtual clock and a seed."""
