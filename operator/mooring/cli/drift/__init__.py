"""What people ask about a DriftPolicy: what it knows, why it decided so, and what it would have done."""
