"""From what pods and proxies counted to what the judge says of a rollout. Pure: observers read, and keep the state."""
