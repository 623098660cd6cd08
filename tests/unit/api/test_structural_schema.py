from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, create_model

from mooring.api.base import Model, Name, Quantity, Timestamp, hint, map_list, rules
from mooring.api.crd.schema import UnsupportedError, structural

Short = Annotated[str, Field(max_length=8)]
Small = Annotated[int, Field(ge=0, le=9)]


class Item(Model):
    """One of several."""

    name: Short
    size: Small = 3


def field_schema(annotation: Any, **field: Any) -> dict[str, Any]:
    """The schema of a field of this type, in a model of its own."""
    model = create_model("Holder", __base__=Model, it=(annotation, Field(**field)))
    schema: dict[str, Any] = structural(model, "Holder")["properties"]["it"]
    return schema


def test_nested_models_are_written_in_place() -> None:
    schema = field_schema(Item)
    assert schema["type"] == "object"
    assert schema["required"] == ["name"]
    assert set(schema["properties"]) == {"name", "size"}
    assert "title" not in schema


def test_unset_is_absent_not_null() -> None:
    assert field_schema(Short | None, default=None) == {"type": "string", "maxLength": 8}


def test_a_single_choice_is_an_enum() -> None:
    assert field_schema(Literal["Skops"]) == {"type": "string", "enum": ["Skops"]}
    assert field_schema(Literal["A", "B"]) == {"type": "string", "enum": ["A", "B"]}


def test_exclusive_bounds_take_the_form_of_kubernetes() -> None:
    schema = field_schema(Annotated[int, Field(gt=0, lt=2**40)])
    assert schema == {
        "type": "integer",
        "format": "int64",
        "minimum": 0,
        "exclusiveMinimum": True,
        "maximum": 2**40,
        "exclusiveMaximum": True,
    }


def test_times_are_bounded_by_their_format() -> None:
    assert field_schema(Timestamp) == {"type": "string", "format": "date-time"}


def test_a_quantity_is_a_number_or_a_string() -> None:
    schema = field_schema(Quantity)
    assert "type" not in schema
    assert schema["x-kubernetes-int-or-string"]
    assert schema["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert schema["x-kubernetes-validations"][0]["rule"].startswith("type(self) == int ? self >= 0 : self.matches(r'^")


def test_plain_defaults_are_kept() -> None:
    assert field_schema(Small, default=2)["default"] == 2
    assert field_schema(bool, default=False)["default"] is False


def test_defaults_inside_an_absent_object_apply() -> None:
    class Inner(Model):
        size: Small = 3

    assert field_schema(Inner, default_factory=Inner)["default"] == {}


def test_an_absent_object_without_defaults_stays_absent() -> None:
    class Inner(Model):
        size: Small | None = None

    assert "default" not in field_schema(Inner, default_factory=Inner)
    assert "default" not in field_schema(Item | None, default=None)


def test_lists_are_atomic_unless_merged_by_a_key() -> None:
    items = Annotated[list[Item], Field(max_length=3)]
    assert field_schema(items, default_factory=list)["x-kubernetes-list-type"] == "atomic"
    merged = field_schema(Annotated[list[Item], Field(max_length=3, json_schema_extra=map_list("name"))])
    assert merged["x-kubernetes-list-type"] == "map"
    assert merged["x-kubernetes-list-map-keys"] == ["name"]


def test_a_hint_becomes_a_rule_where_people_write() -> None:
    class Named(Model):
        name: Name

    class Coloured(Model):
        colour: Annotated[str, Field(max_length=9, pattern="^[a-z]+$", json_schema_extra=hint("write a colour"))]

    rule = {"rule": "self.matches(r'^[a-z]+$')", "message": "write a colour"}
    assert structural(Coloured, "X")["properties"]["colour"]["x-kubernetes-validations"] == [rule]
    status = structural(Coloured, "X", hints=False)["properties"]["colour"]
    assert status == {"type": "string", "maxLength": 9, "pattern": "^[a-z]+$"}
    assert structural(Named, "X")["properties"]["name"]["pattern"]


def test_rules_of_a_model_hold_wherever_it_is_used() -> None:
    class Ruled(Model):
        model_config = ConfigDict(json_schema_extra=rules(("has(self.a)", "write a")))
        a: Small | None = None

    assert field_schema(Ruled)["x-kubernetes-validations"] == [{"rule": "has(self.a)", "message": "write a"}]


def test_docstrings_become_descriptions_on_one_line() -> None:
    class Told(Model):
        """A model."""

        own: Item
        """What it is
        for."""
        plain: Item

    properties = structural(Told, "Told")["properties"]
    assert properties["own"]["description"] == "What it is for."
    assert properties["plain"]["description"] == "One of several."


class Tree(Model):
    """Holds itself."""

    inner: "Tree | None" = None


REFUSED = {
    "a float": (float, "Kubernetes keeps no floats"),
    "a union": (Small | Short, "unions have no structural form"),
    "a union of models": (Item | Tree, "unions have no structural form"),
    "anything": (Any, "has no single type"),
    "an object of anything": (dict[str, Any], "maps have no bound"),
    "a map": (dict[str, Short], "maps have no bound"),
    "a set": (Annotated[set[Short], Field(max_length=3)], "sets have no structural form"),
    "a tuple": (tuple[Short, Small], "tuples have no structural form"),
    "a model that holds itself": (Tree, "refers to itself"),
    "null alone": (None, "there is nothing to write"),
    "choices of two types": (Literal["a", 1], "choices of different types"),
    "a string without a bound": (str, "needs maxLength"),
    "a pattern without a bound": (Annotated[str, Field(pattern="^a*$")], "needs maxLength"),
    "a list without a bound": (list[Short], "needs maxItems"),
    "an integer without an upper bound": (Annotated[int, Field(ge=0)], "needs maximum"),
    "an integer without a lower bound": (Annotated[int, Field(le=0)], "needs minimum"),
    "a keyword that Kubernetes lacks": (Annotated[int, Field(ge=0, le=9, multiple_of=3)], "multipleOf is not known"),
    "an unknown format": (Annotated[str, Field(json_schema_extra={"format": "uuid"})], "format uuid is not known"),
    "a hint without a pattern": (
        Annotated[str, Field(max_length=3, json_schema_extra=hint("write it"))],
        "a hint without a pattern",
    ),
    "a key that items need not have": (
        Annotated[list[Item], Field(max_length=3, json_schema_extra=map_list("size"))],
        "is merged by size",
    ),
}


@pytest.mark.parametrize(("annotation", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_said_is_refused_with_its_path(annotation: Any, why: str) -> None:
    with pytest.raises(UnsupportedError, match=why) as refusal:
        field_schema(annotation)
    assert str(refusal.value).startswith("Holder.it")


def test_the_path_leads_through_lists_and_models() -> None:
    class Deep(Model):
        size: float

    with pytest.raises(UnsupportedError, match=r"^Holder\.it\[\]\.size: "):
        field_schema(Annotated[list[Deep], Field(max_length=2)])


def test_composed_defaults_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="use default_factory"):
        field_schema(Item, default=Item(name="a"))


def test_a_model_that_forbids_other_fields_is_refused() -> None:
    class Strict(Model):
        model_config = ConfigDict(extra="forbid")
        size: Small

    with pytest.raises(UnsupportedError, match=r"^Holder\.it: "):
        field_schema(Strict)
