"""What came of a call: disposition, summary, extracted fields, the lead's next step."""
