"""A tariff made ready for pricing, once for all CDRs that carry it. It knows its restrictions but no session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, Final

import msgspec

from ocpi.kept import Kept, keep
from tariffs.pricing.dialects import Dialect, Factor, get_dialect
from tariffs.pricing.restrictions import (
    KNOWN,
    LOCAL,
    MEASURED,
    Test,
    Thresholds,
    all_of,
    compile_restrictions,
    thresholds_of,
)
from tariffs.pricing.result import Amount
from tariffs.pricing.values import CONTEXT, Unreadable, read_moment, read_number

CHARGING: Final = ("FLAT", "ENERGY", "TIME", "PARKING_TIME")
RESERVATION: Final = ("RESERVATION", "RESERVATION_EXPIRES")
OTHER_VERSION: Final = "the CDR holds another version of this tariff"
_KEPT: Final = 512  # tariffs; one with 96 elements, as for day-ahead prices, takes about 150 kB


@dataclass(frozen=True, slots=True)
class Component:
    type: str
    price: Decimal
    vat: Decimal | None
    step_size: int
    element: int
    index: int
    is_for_parking: bool  # of an element that prices parking and no charging
    excl: Factor
    incl: Factor

    def is_same(self, other: Component) -> bool:
        """It would be billed the same."""
        return (self.price, self.vat, self.step_size) == (other.price, other.vat, other.step_size)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A component of one dimension and what must hold for it; None: it always does."""

    component: Component
    holds: Test | None


Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a tariff that a finding should say; `path` is below the tariff."""

    id: str
    path: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Tariff:
    """`charging` and `reserving` hold the candidates of each dimension in the order of the tariff's elements."""

    id: str
    key: str  # ids are CiStrings (TRANS-40)
    currency: str
    starts_at: datetime | None
    ends_at: datetime | None
    min_price: Amount | None
    max_price: Amount | None
    charging: Mapping[str, Candidates]
    reserving: Mapping[str, Mapping[str, Candidates]]  # by kind, then by dimension
    restrictions: tuple[Mapping[str, Any], ...]
    thresholds: Thresholds
    uses_local_time: bool
    uses_measured: bool
    problems: tuple[Problem, ...]
    content: bytes  # what decides prices; equal for equal tariffs
    size: int  # candidates of all dimensions, but at least one

    def is_active(self, moment: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= moment) and (self.ends_at is None or moment < self.ends_at)


class BadTariff(ValueError):
    """No price can be computed with this tariff."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


def compile_tariff(tariff: Any, *, version: str) -> Tariff:
    """The same content is compiled once, however often it comes.

    Raises:
        BadTariff: it cannot be read.
    """
    try:
        compiled = _compile_kept(tariff.text if isinstance(tariff, Kept) else _ENCODER.encode(tariff), version)
    except (TypeError, ValueError, RecursionError) as e:
        raise BadTariff(Problem("field_format", "", f"the tariff is no JSON: {e}")) from e
    if isinstance(compiled, Problem):
        raise BadTariff(compiled)
    return compiled


def find_differing(own: Iterable[Any], *, known: Iterable[Tariff], version: str) -> Iterator[tuple[int, str]]:
    """Place and id of those that a known tariff of the same id would price otherwise."""
    by_key = {tariff.key: tariff for tariff in known}
    for index, document in enumerate(own):
        try:
            tariff = compile_tariff(document, version=version)
        except BadTariff:
            continue  # nobody prices with it
        other = by_key.get(tariff.key)
        if other is not None and other.content != tariff.content:
            yield index, tariff.id


def _compile(text: bytes | str, version: str) -> Tariff | Problem:
    try:
        document = _DECODER.decode(text)
        with localcontext(CONTEXT):
            return _read(document, get_dialect(version))
    except msgspec.DecodeError as e:
        return Problem("number_out_of_range", "", f"the tariff is no JSON: {e}")
    except BadTariff as e:
        return e.problem


_compile_kept: Final = keep(_compile, most=_KEPT)


def _read(document: Any, dialect: Dialect) -> Tariff:
    if not isinstance(document, dict):
        raise BadTariff(Problem("field_format", "", "the tariff is no object"))
    problems: list[Problem] = []
    elements = document.get("elements")
    if not isinstance(elements, list) or not elements:
        raise BadTariff(Problem("required_field_missing", "/elements", "a tariff needs elements"))
    charging: dict[str, list[Candidate]] = {dimension: [] for dimension in CHARGING}
    reserving: dict[str, dict[str, list[Candidate]]] = {kind: {"FLAT": [], "TIME": []} for kind in RESERVATION}
    restrictions = [_restrictions(element, number) for number, element in enumerate(elements)]
    for number, element in enumerate(elements):
        holds = all_of(_tests(restrictions[number], number, problems))
        kind = restrictions[number].get("reservation")
        if kind is None:
            place = charging
        elif kind in RESERVATION:
            place = reserving[kind]
        else:
            problems.append(Problem("unknown_enum_value", f"/elements/{number}/restrictions/reservation", repr(kind)))
            continue
        for component in _components(element, number, document, dialect, problems):
            if component.type in place:
                place[component.type].append(Candidate(component, holds))
    if dialect.version == "2.3.0" and document.get("tax_included") == "N/A" and _has_vat(elements):
        problems.append(Problem("tax_rate_without_tax", "/tax_included", "no tax applies, but rates are given"))
    used = set().union(*restrictions)
    limits = dialect.has_limits
    return Tariff(
        id=str(document.get("id") or ""),
        key=str(document.get("id") or "").lower(),
        currency=str(document.get("currency") or ""),
        starts_at=_moment(document, "start_date_time") if limits else None,
        ends_at=_moment(document, "end_date_time") if limits else None,
        min_price=_limit(document, "min_price", dialect) if limits else None,
        max_price=_limit(document, "max_price", dialect) if limits else None,
        charging={dimension: tuple(found) for dimension, found in charging.items()},
        reserving={
            kind: {dimension: tuple(found) for dimension, found in dimensions.items()}
            for kind, dimensions in reserving.items()
        },
        restrictions=tuple(restrictions),
        thresholds=thresholds_of(restrictions),
        uses_local_time=bool(used & LOCAL),
        uses_measured=bool(used & MEASURED),
        problems=tuple(problems),
        content=_content(document),
        size=sum(len(found) for place in (charging, *reserving.values()) for found in place.values()) or 1,
    )


def _restrictions(element: Any, number: int) -> Mapping[str, Any]:
    if not isinstance(element, dict):
        raise BadTariff(Problem("field_format", f"/elements/{number}", "an element is no object"))
    restrictions = element.get("restrictions") or {}
    if not isinstance(restrictions, dict):
        raise BadTariff(Problem("field_format", f"/elements/{number}/restrictions", "restrictions are no object"))
    return {name: value for name, value in restrictions.items() if value is not None and value != []}


def _tests(restrictions: Mapping[str, Any], number: int, problems: list[Problem]) -> tuple[Test, ...]:
    path = f"/elements/{number}/restrictions"
    problems += [
        Problem("vendor_extension", f"{path}/{name}", f"{name} is no restriction of OCPI: not looked at")
        for name in restrictions
        if name not in KNOWN
    ]
    problems += [
        Problem("field_type", f"{path}/{name}", "a number written as text")
        for name, value in restrictions.items()
        if isinstance(value, str) and name.startswith(("min_", "max_"))
    ]
    try:
        return compile_restrictions(restrictions)
    except Unreadable as e:
        raise BadTariff(Problem(e.id, f"{path}/{str(e).partition(':')[0]}", str(e))) from e


def _components(
    element: dict[str, Any], number: int, tariff: dict[str, Any], dialect: Dialect, problems: list[Problem]
) -> Iterator[Component]:
    path = f"/elements/{number}/price_components"
    components = element.get("price_components")
    if not isinstance(components, list) or not all(isinstance(one, dict) for one in components):
        raise BadTariff(Problem("required_field_missing", path, "an element needs price components"))
    types = {one["type"] for one in components if isinstance(one.get("type"), str)}
    is_for_parking = "PARKING_TIME" in types and not types & {"ENERGY", "TIME"}
    for index, one in enumerate(components):
        if one.get("type") not in CHARGING:
            what = f"{one.get('type')!r} is no dimension of OCPI: not priced"
            problems.append(Problem("vendor_extension", f"{path}/{index}/type", what))
            continue
        vat = _component_number(one, "vat", f"{path}/{index}", problems)
        price = _component_number(one, "price", f"{path}/{index}", problems)
        step = _component_number(one, "step_size", f"{path}/{index}", problems)
        if price is None:
            raise BadTariff(Problem("required_field_missing", f"{path}/{index}/price", "price is missing"))
        if step is not None and step != step.to_integral_value():
            raise BadTariff(Problem("field_format", f"{path}/{index}/step_size", "step_size is no whole number"))
        excl, incl = dialect.factors(vat, tariff)
        yield Component(
            type=one["type"],
            price=price,
            vat=vat,
            step_size=0 if step is None else int(step),
            element=number,
            index=index,
            is_for_parking=is_for_parking,
            excl=excl,
            incl=incl,
        )


def _component_number(one: dict[str, Any], name: str, path: str, problems: list[Problem]) -> Decimal | None:
    value = one.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        problems.append(Problem("field_type", f"{path}/{name}", "a number written as text"))
    try:
        return read_number(value)
    except Unreadable as e:
        raise BadTariff(Problem(e.id, f"{path}/{name}", str(e))) from e


def _limit(document: dict[str, Any], name: str, dialect: Dialect) -> Amount | None:
    value = document.get(name)
    try:
        return None if value is None else dialect.read_limit(value)
    except Unreadable as e:
        raise BadTariff(Problem(e.id, f"/{name}", str(e))) from e


def _moment(document: dict[str, Any], name: str) -> datetime | None:
    value = document.get(name)
    try:
        return None if value is None else read_moment(value)
    except Unreadable as e:
        raise BadTariff(Problem(e.id, f"/{name}", str(e))) from e


def _has_vat(elements: list[Any]) -> bool:
    return any(one.get("vat") for element in elements for one in element.get("price_components") or ())


def _content(document: dict[str, Any]) -> bytes:
    names = ("id", "currency", "tax_included", "min_price", "max_price", "elements")
    return msgspec.json.encode({name: _plain(document.get(name)) for name in names}, order="deterministic")


def _plain(value: Any) -> Any:
    """The same for 1, 1.0 and 1.00; what is null is absent."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(Decimal(value).normalize())
    return value
