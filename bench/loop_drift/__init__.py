"""The loop on the running cluster, with real people: harm that is mended, and faults that must not be trained on."""
