"""Triton's clients against a running server, in MLServer's environment: python ask_triton.py <port> <gRPC port>."""

import sys
from types import ModuleType

import numpy as np
import tritonclient.grpc
import tritonclient.http

ROWS = np.array([[0.1, 0.2, 0.3, 0.4], [1.0, -1.0, 0.5, 0.0]], np.float32)


def ask(name: str, client: ModuleType, port: str) -> None:
    """Read health and metadata, and predict."""
    server = client.InferenceServerClient(f"127.0.0.1:{port}")
    assert server.is_server_live()
    assert server.is_server_ready()
    assert server.is_model_ready("model")
    assert server.get_server_metadata()
    assert server.get_model_metadata("model")
    tensor = client.InferInput("input-0", list(ROWS.shape), "FP32")
    tensor.set_data_from_numpy(ROWS)
    answer = server.infer("model", [tensor], request_id="1")
    print(name, answer.as_numpy("label"), answer.as_numpy("probability").tolist())


ask("REST", tritonclient.http, sys.argv[1])
ask("gRPC", tritonclient.grpc, sys.argv[2])
