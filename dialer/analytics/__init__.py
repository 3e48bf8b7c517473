"""What came of the calls, in figures."""
