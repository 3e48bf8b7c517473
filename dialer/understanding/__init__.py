"""What an utterance tells: emotion, intent, sentiment and entities, from its words and its voice. No database."""
