"""Models of understanding: labelled utterances, training in a worker, versions, promotion."""
