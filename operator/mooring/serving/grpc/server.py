"""The service: each call becomes a request to the endpoint that all protocols share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import grpc

import mooring
from mooring.api.wire import ServeOrder
from mooring.artifact.manifest import Manifest
from mooring.serving.drain import Patience, until
from mooring.serving.errors import CannotServe, Rejected
from mooring.serving.grpc.codec import Addressed, GrpcDecoder, GrpcEncoder
from mooring.serving.grpc.messages import SERVICE, Message, message
from mooring.serving.http import Handler, Head, Heads, Request
from mooring.serving.http.listener import Refused
from mooring.serving.http.reader import KEPT_HEADERS
from mooring.serving.v2.decode import Decoder
from mooring.serving.v2.infer import Reads, Writes
from mooring.serving.v2.routes import model_metadata

CALLS = 512
"""So many calls may be open at once; more are turned away."""
_CODES = {
    HTTPStatus.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
Context = Any
"""grpc.aio's ServicerContext, which has no types."""
Method = Callable[[Any, Context], Awaitable[Any]]


class Calls:
    """How many predictions are being computed, and when the last one was asked for."""

    def __init__(self) -> None:
        self.open = 0
        self.last = 0.0
        """By the loop's clock."""

    def __enter__(self) -> None:
        self.open += 1
        self.last = asyncio.get_running_loop().time()

    def __exit__(self, *_: object) -> None:
        self.open -= 1


class GrpcServer:
    """Listens on its own port, and answers as the routes of V2 do.

    A connection is asked to end `connection_seconds` after it began (GOAWAY: what is under way on it is answered, what
    comes next goes over another). Clients otherwise keep one connection for good, so this is what spreads them over the
    pods, and what leads them away from a pod that ends.
    """

    def __init__(self, service: Service, body_bytes: int, connection_seconds: float = 10.0) -> None:
        options = [
            ("grpc.max_receive_message_length", body_bytes),
            ("grpc.so_reuseport", 0),
            ("grpc.max_connection_age_ms", max(1, round(1000 * connection_seconds))),
        ]
        self._server = grpc.aio.server(maximum_concurrent_rpcs=CALLS, options=options)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, service.handlers()),))
        self.calls = service.calls
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen, on `self.port` from then on; raises CannotServe where it is taken."""
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise CannotServe("PortTaken", f"gRPC cannot listen on port {port}: {error}"[:300], retry=True) from None
        await self._server.start()

    async def drain(self, patience: Patience) -> None:
        """Answer until nobody asks any more, then close. Meanwhile connections come of age, and their clients leave."""
        loop, calls = asyncio.get_running_loop(), self.calls
        started = loop.time()
        await until(lambda: not calls.open and loop.time() >= max(started, calls.last) + patience.quiet, patience.drain)
        await self._server.stop(patience.unfinished)


class Service:
    """The six calls of the protocol, for one version."""

    def __init__(
        self,
        order: ServeOrder,
        manifest: Manifest,
        endpoint: Callable[[Reads, Writes], Handler],
        is_ready: Callable[[], bool],
        refused: Refused,
    ) -> None:
        model, version, heads = order.model, order.version, Heads()
        self._refused = refused
        self._addressed = Addressed(model, version)
        self._is_ready = is_ready
        self.calls = Calls()
        self._metadata = model_metadata(model, version, manifest)
        decoder = GrpcDecoder(Decoder(manifest, order.server.max_batch_rows), self._addressed)
        self._infer = endpoint(decoder, GrpcEncoder(model, version, manifest.outputs, heads))

    def handlers(self) -> dict[str, Any]:
        """Return the handler of each call by its name."""
        calls: dict[str, Callable[[Message], Message]] = {
            "ServerLive": lambda _: message("ServerLiveResponse")(live=True),
            "ServerReady": lambda _: message("ServerReadyResponse")(ready=self._is_ready()),
            "ServerMetadata": lambda _: message("ServerMetadataResponse")(
                name="mooring", version=mooring.__version__, extensions=[]
            ),
            "ModelReady": self._model_ready,
            "ModelMetadata": self._model_metadata,
        }
        found = {name: _handler(name, self._answering(call)) for name, call in calls.items()}
        # Bytes in, bytes out: the endpoint's decoder and encoder know the messages.
        return found | {"ModelInfer": grpc.unary_unary_rpc_method_handler(self._model_infer)}

    def _model_ready(self, asked: Message) -> Message:
        self._addressed.check(asked.name, asked.version)
        return message("ModelReadyResponse")(ready=self._is_ready())

    def _model_metadata(self, asked: Message) -> Message:
        self._addressed.check(asked.name, asked.version)
        told: dict[str, Any] = self._metadata
        tensors = {
            side: [{key: tensor[key] for key in ("name", "datatype", "shape")} for tensor in told[side]]
            for side in ("inputs", "outputs")
        }
        return message("ModelMetadataResponse")(
            name=told["name"], versions=told["versions"], platform=told["platform"], **tensors
        )

    def _answering(self, call: Callable[[Message], Message]) -> Method:
        async def answer(asked: Message, context: Context) -> Message:
            try:
                return call(asked)
            except Rejected as problem:
                self._refused(_Call(b"", context), problem)
                await context.abort(_code(problem.status), problem.message)

        return answer

    async def _model_infer(self, body: bytes, context: Context) -> bytes:
        call = _Call(body, context)
        with self.calls:
            try:
                self._infer(call)
                head, answer = await call.outcome
            except Rejected as problem:
                self._refused(call, problem)
                context.set_trailing_metadata(call.told())
                await context.abort(_code(problem.status), problem.message)
        context.set_trailing_metadata(call.told())
        if head.status != HTTPStatus.OK:
            await context.abort(_code(head.status), json.loads(answer)["error"])
        return answer


class _Caller:
    """A call has no connection of ours that would wait for its answer."""

    def __init__(self, peer: str) -> None:
        self.address = peer.rpartition(":")[0].encode()

    def answered(self) -> None:
        """Do nothing: the call waits for its outcome."""


class _Call(Request):
    """A call as a request: its answer is a future."""

    __slots__ = ("outcome",)

    def __init__(self, body: bytes, context: Context) -> None:
        super().__init__(_Caller(context.peer()), b"POST", b"", body)
        self.outcome: asyncio.Future[tuple[Head, bytes]] = asyncio.get_running_loop().create_future()
        kept = {}
        for name, value in context.invocation_metadata() or ():
            if name == "authorization":
                self.authorization = value.encode("latin-1", "replace")
            elif name.encode() in KEPT_HEADERS:
                kept[name.encode()] = value.encode("latin-1", "replace")
        self.headers = kept

    def told(self) -> tuple[tuple[str, str], ...]:
        """Return what an answer over HTTP has in headers of its own, as metadata: its role, its prediction's id."""
        lines = (line.partition(": ") for line in self.extra.decode("latin-1").splitlines())
        return tuple((name, value) for name, _, value in lines)

    def answer(self, head: Head, body: bytes) -> None:
        """Settle the call, if it still waits."""
        if not self.outcome.done():
            self.outcome.set_result((head, body))


def _handler(name: str, method: Method) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        method,
        request_deserializer=message(f"{name}Request").FromString,
        response_serializer=message(f"{name}Response").SerializeToString,
    )


def _code(status: int) -> grpc.StatusCode:
    return _CODES.get(HTTPStatus(status), grpc.StatusCode.INTERNAL)
