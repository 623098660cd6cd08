"""Rollouts of good and of bad versions on the running cluster, and how soon they end as they should."""
