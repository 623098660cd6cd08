"""The service: each call becomes a request to the endpoint that all protocols share."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

import grpc
from google.protobuf.message import DecodeError

import mooring
from mooring.api.wire import ServeOrder
from mooring.artifact.manifest import Interface
from mooring.serving.drain import Patience, until
from mooring.serving.errors import CannotServe, Rejected, bad_input
from mooring.serving.grpc.call import Call, Context
from mooring.serving.grpc.codec import Addressed, GrpcDecoder, GrpcEncoder
from mooring.serving.grpc.limits import CallLimits
from mooring.serving.grpc.messages import SERVICE, Message, message
from mooring.serving.http import Handler, Heads
from mooring.serving.http.listener import Refused
from mooring.serving.v2.decode import Decoder
from mooring.serving.v2.infer import Reads, Writes
from mooring.serving.v2.routes import model_metadata

logging.getLogger("grpc._cython.cygrpc").addFilter(
    lambda record: not record.getMessage().startswith("ExecuteBatchError")
)
# So it calls a caller who is gone before the answer, with a traceback: whoever cancels calls could fill the log.

_CODES = {
    HTTPStatus.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
Method = Callable[[bytes, Context], Awaitable[bytes]]


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
        limits = service.limits
        age = ("grpc.max_connection_age_ms", max(1, round(1000 * connection_seconds)))
        options = [*limits.options(body_bytes), age]
        self._server = grpc.aio.server(maximum_concurrent_rpcs=limits.calls, options=options)
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
        manifest: Interface,
        endpoint: Callable[[Reads, Writes], Handler],
        is_ready: Callable[[], bool],
        refused: Refused,
        limits: CallLimits | None = None,
    ) -> None:
        self.limits = limits or CallLimits()
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
        # Bytes in, bytes out: what is no message of ours is our caller's mistake, and gRPC would log it as a failure.
        found = {name: self._answering(message(f"{name}Request"), call) for name, call in calls.items()}
        handlers: dict[str, Method] = {**found, "ModelInfer": self._model_infer}
        return {name: grpc.stream_unary_rpc_method_handler(self._patient(call)) for name, call in handlers.items()}

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

    def _patient(self, call: Method) -> Callable[[AsyncIterator[bytes], Context], Awaitable[bytes]]:
        """Return the call's handler, as of a stream of one message: gRPC waits for that of a unary call for ever."""

        async def handle(messages: AsyncIterator[bytes], context: Context) -> bytes:
            try:
                async with asyncio.timeout(self.limits.message_seconds):
                    body = await anext(messages)
            except (TimeoutError, StopAsyncIteration):
                said = f"no message came within {self.limits.message_seconds:g} s, or before the end"
                problem = Rejected(HTTPStatus.REQUEST_TIMEOUT, said)
                self._refused(Call(b"", context), problem)
                await context.abort(_code(problem.status), problem.message)
            return await call(body, context)

        return handle

    def _answering(self, kind: type[Message], call: Callable[[Message], Message]) -> Method:
        async def answer(body: bytes, context: Context) -> bytes:
            try:
                answer: bytes = call(_read(kind, body)).SerializeToString()
            except Rejected as problem:
                self._refused(Call(b"", context), problem)
                await context.abort(_code(problem.status), problem.message)
            return answer

        return answer

    async def _model_infer(self, body: bytes, context: Context) -> bytes:
        call = Call(body, context)
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


def _read(kind: type[Message], body: bytes) -> Message:
    try:
        return kind.FromString(body)
    except DecodeError:
        raise bad_input(f"the message is no {kind.DESCRIPTOR.name}") from None


def _code(status: int) -> grpc.StatusCode:
    return _CODES.get(HTTPStatus(status), grpc.StatusCode.INTERNAL)
