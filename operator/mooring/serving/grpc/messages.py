"""The messages of the protocol's `GRPCInferenceService`, with the names and numbers of its public definition.

They are made when this is imported, in a pool of their own: code compiled by protoc would tie us to one release of
protobuf, and clash with a client's compiled code in the same process.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"
_PARAMETERS = "map InferParameter parameters = 4;"
_TENSOR = (
    f"string name = 1; string datatype = 2; repeated int64 shape = 3; {_PARAMETERS} InferTensorContents contents = 5;"
)
_MODEL = "string name = 1; string version = 2;"
_FIELDS = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "bool live = 1;",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "bool ready = 1;",
    "ModelReadyRequest": _MODEL,
    "ModelReadyResponse": "bool ready = 1;",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "string name = 1; string version = 2; repeated string extensions = 3;",
    "ModelMetadataRequest": _MODEL,
    "TensorMetadata": "string name = 1; string datatype = 2; repeated int64 shape = 3;",
    "ModelMetadataResponse": "string name = 1; repeated string versions = 2; string platform = 3; "
    "repeated TensorMetadata inputs = 4; repeated TensorMetadata outputs = 5;",
    "InferParameter": "bool bool_param = 1; int64 int64_param = 2; string string_param = 3; double double_param = 4; "
    "uint64 uint64_param = 5;",
    "InferTensorContents": "repeated bool bool_contents = 1; repeated int32 int_contents = 2; "
    "repeated int64 int64_contents = 3; repeated uint32 uint_contents = 4; repeated uint64 uint64_contents = 5; "
    "repeated float fp32_contents = 6; repeated double fp64_contents = 7; repeated bytes bytes_contents = 8;",
    "InferInputTensor": _TENSOR,
    "InferRequestedOutputTensor": "string name = 1; map InferParameter parameters = 2;",
    "InferOutputTensor": _TENSOR,
    "ModelInferRequest": f"string model_name = 1; string model_version = 2; string id = 3; {_PARAMETERS} "
    "repeated InferInputTensor inputs = 5; repeated InferRequestedOutputTensor outputs = 6; "
    "repeated bytes raw_input_contents = 7;",
    "ModelInferResponse": f"string model_name = 1; string model_version = 2; string id = 3; {_PARAMETERS} "
    "repeated InferOutputTensor outputs = 5; repeated bytes raw_output_contents = 6;",
}
_ONE_OF = {"InferParameter": "parameter_choice"}
_FIELD = re.compile(r"(?:(repeated|map) )?(\w+) (\w+) = (\d+);")

Message = Any
"""A message of this protocol: its class is made at run time, so no checker knows its fields."""


def message(name: str) -> type[Message]:
    """Return the class of a message."""
    found: type[Message] = GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
    return found


def _add_field(owner: DescriptorProto, name: str, repeated: bool, kind: str, number: int) -> FieldDescriptorProto:
    field = owner.field.add(name=name, number=number)
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if hasattr(field, f"TYPE_{kind.upper()}"):
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    return field


def _add_map(owner: DescriptorProto, name: str, kind: str, number: int) -> None:
    entry = owner.nested_type.add(name=f"{name.title()}Entry")
    entry.options.map_entry = True
    _add_field(entry, "key", False, "string", 1)
    _add_field(entry, "value", False, kind, 2)
    _add_field(owner, name, True, f"{owner.name}.{entry.name}", number)


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="mooring/inference.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _FIELDS.items():
        owner = file.message_type.add(name=name)
        if name in _ONE_OF:
            owner.oneof_decl.add(name=_ONE_OF[name])
        for label, kind, called, number in _FIELD.findall(fields):
            if label == "map":
                _add_map(owner, called, kind, int(number))
                continue
            field = _add_field(owner, called, label == "repeated", kind, int(number))
            if name in _ONE_OF:
                field.oneof_index = 0
    return file


_pool = DescriptorPool()
_pool.Add(_file())
