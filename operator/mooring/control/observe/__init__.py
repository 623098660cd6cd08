"""What the operator learns from serving pods and not from the API, and what it must not forget of that."""
