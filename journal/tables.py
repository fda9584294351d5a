"""What the writer must know of a table, taken from its Django model. No query is made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

from journal.rows import Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelTable(Table):
    """`defaults` fill the columns that a new row was not given: Django's defaults are unknown to PostgreSQL."""

    defaults: Mapping[str, Any]


@cache
def table_of(model: type[models.Model]) -> ModelTable:
    """The key is the model's first UniqueConstraint; an automatic id is PostgreSQL's business and left out."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    return ModelTable(
        name=model._meta.db_table,
        key=_key_columns(model),
        columns={_column(field): _type(field) for field in fields},
        bulk=tuple(_column(field) for field in fields if field.name == "document"),
        defaults={_column(field): field.get_default() for field in fields if _has_default(field)},
    )


def _key_columns(model: type[models.Model]) -> tuple[str, ...]:
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and constraint.condition is None:
            return tuple(_column(model._meta.get_field(name)) for name in constraint.fields)
    raise ValueError(f"{model.__name__} has no UniqueConstraint on plain fields, so its rows cannot be addressed")


def _column(field: Any) -> str:
    return str(field.column)


def _type(field: models.Field[Any, Any]) -> str:
    kind = field.db_type(connection)
    if kind is None:
        raise ValueError(f"{field} has no column")
    return kind


def _has_default(field: models.Field[Any, Any]) -> bool:
    """A default that is a function would be asked once, not per row: the caller gives such values itself."""
    if field.db_default is not NOT_PROVIDED or (callable(field.default) and field.has_default()):
        return False
    return field.has_default() or field.null
