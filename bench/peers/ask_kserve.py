"""KServe's own clients against a running server; runs in KServe's environment: python ask_kserve.py <port>."""

import asyncio
import sys

from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

ROWS = [[0.1, 0.2, 0.3, 0.4], [1.0, -1.0, 0.5, 0.0]]


async def main(address: str) -> None:
    """Ask by V2, as JSON and binary, and by V1; read health."""
    v2 = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    assert await v2.is_server_live(address)
    assert await v2.is_server_ready(address)
    assert await v2.is_model_ready(address, "model")
    tensor = InferInput("input-0", [2, 4], "FP32", ROWS)
    answer = await v2.infer(address, InferRequest("model", [tensor]), model_name="model")
    print("V2", [(output.name, output.shape, output.data) for output in answer.outputs])
    v1 = InferenceRESTClient(RESTConfig(protocol="v1", retries=0))
    assert await v1.is_model_ready(address, "model")
    print("V1", await v1.infer(address, {"instances": ROWS}, model_name="model"))


asyncio.run(main(f"http://127.0.0.1:{sys.argv[1]}"))
