"""The protocol of MLflow's scoring server."""
