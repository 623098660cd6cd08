"""The Open Inference Protocol V2 over gRPC, on a port of its own; imported only where that port is wanted."""
