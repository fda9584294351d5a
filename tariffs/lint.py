"""What a CPO should look at in its tariff before somebody charges under it. Pure; it says, and refuses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any, Final, NamedTuple

from tariffs.pricing.restrictions import DAYS, KNOWN
from tariffs.pricing.result import Finding, Severity
from tariffs.pricing.tariff import CHARGING, BadTariff, compile_tariff
from tariffs.pricing.values import CONTEXT, Unreadable, read_moment, read_number

Found = tuple[str, str, str]  # id, JSON pointer into the tariff, message

_ERRORS: Final = (
    *("elements_empty", "price_components_empty", "restriction_never_valid", "duplicate_dimension"),
    *("step_size_negative", "reservation_dimension", "min_price_above_max_price", "tariff_never_active", "unreadable"),
)
_NOTES: Final = (
    *("day_of_week_unsorted", "dimension_not_exhaustive", "time_step_size_overruled_by_parking"),
    *("uses_date_restrictions", "tax_included_without_rate"),
)
_WARNINGS: Final = (
    *("required_field_missing", "nothing_priced_by_use", "restrictions_empty", "start_time_equals_end_time"),
    *("whole_day_window", "end_time_2359", "day_of_week_empty", "day_of_week_duplicate", "day_of_week_whole_week"),
    *("unreachable_element", "unreachable_component", "step_size_zero", "negative_price", "vat_implausible"),
    *("price_limit_incl_below_excl", "tax_rate_without_tax", "too_long"),
)
LINTS: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(_ERRORS, Severity.HOLD),
    **dict.fromkeys(_WARNINGS, Severity.FLAG),
    **dict.fromkeys(_NOTES, Severity.PASS),
}
_BOUNDS: Final = (("min_kwh", "max_kwh"), ("min_current", "max_current"), ("min_power", "max_power"))
_ALL_BOUNDS: Final = (*_BOUNDS, ("min_duration", "max_duration"))
_REQUIRED: Final = ("country_code", "party_id", "id", "currency", "last_updated")
_MOST_VAT: Final = 50  # percent
_MOST_COMPARED: Final = 200  # elements, each with all before it while others wait; day-ahead prices make 96


class _Element(NamedTuple):
    """What is asked of it again and again, read once: it may be long."""

    given: Any  # restrictions as they were told
    restrictions: Mapping[str, Any]
    limits: Mapping[str, Any]  # the same, to be compared, as far as OCPI knows them
    kind: Any  # of reservation
    components: list[Mapping[str, Any]]
    dimensions: frozenset[str]


def lint(
    tariff: dict[str, Any], *, version: str = "2.2.1", severities: Mapping[str, Severity] | None = None
) -> tuple[Finding, ...]:
    """Findings in the order of the tariff; `hold` stands for an error, `flag` for a warning, `pass` for a note."""
    with localcontext(CONTEXT):
        found = list(_lint(tariff, version))
    return tuple(Finding(id, (severities or {}).get(id) or LINTS[id], path, message) for id, path, message in found)


def _lint(tariff: Any, version: str) -> Iterator[Found]:
    given = tariff.get("elements") if isinstance(tariff, Mapping) else None
    if given == []:
        yield "elements_empty", "/elements", "a tariff without elements prices nothing"
        return
    empty = [
        number
        for number, one in enumerate(given if isinstance(given, list) else ())
        if isinstance(one, Mapping) and not one.get("price_components")
    ]
    for number in empty:
        yield "price_components_empty", f"/elements/{number}/price_components", "an element without a price"
    try:
        compile_tariff(tariff, version=version)
    except BadTariff as e:
        if not empty:
            yield "unreadable", e.problem.path, e.problem.message
        return
    for name in _REQUIRED if version != "2.1.1" else ("id", "currency", "last_updated"):
        if not tariff.get(name):
            yield "required_field_missing", f"/{name}", f"{name} is missing"
    elements = [_read_element(one) for one in tariff["elements"]]
    yield from _lint_whole(tariff, elements, version)
    for number, element in enumerate(elements):
        yield from _lint_restrictions(element, f"/elements/{number}/restrictions")
        yield from _lint_components(element, f"/elements/{number}/price_components")
    yield from _lint_reach(elements)


def _lint_whole(tariff: Mapping[str, Any], elements: list[_Element], version: str) -> Iterator[Found]:
    start, end = tariff.get("start_date_time"), tariff.get("end_date_time")
    if start and end and read_moment(start) >= read_moment(end):
        yield "tariff_never_active", "/end_date_time", "ends before it begins"
    if version == "2.2.1":
        yield from _lint_limits(tariff)
    priced = set[str]().union(*(element.dimensions for element in elements if not element.kind))
    is_free = all(not _number(one, "price") for element in elements for one in element.components)
    if not priced & {"ENERGY", "TIME", "PARKING_TIME"} and not is_free:
        yield "nothing_priced_by_use", "/elements", "neither energy nor time has a price"
    for dimension in ("ENERGY", "TIME", "PARKING_TIME"):
        if dimension in priced and not any(
            not element.restrictions and dimension in element.dimensions for element in elements
        ):
            what = f"{dimension} has a price only under restrictions: it may be free at other times"
            yield "dimension_not_exhaustive", "/elements", what
    if "PARKING_TIME" in priced and any(
        one["type"] == "TIME" and (_number(one, "step_size") or 0) > 1
        for element in elements
        if not element.kind
        for one in element.components
    ):
        what = "step_size of TIME is not used where parking is charged too: only the parking is rounded"
        yield "time_step_size_overruled_by_parking", "/elements", what
    yield from _lint_taxes(tariff, elements)


def _lint_limits(tariff: Mapping[str, Any]) -> Iterator[Found]:
    low, high = tariff.get("min_price") or {}, tariff.get("max_price") or {}
    for side in ("excl_vat", "incl_vat"):
        if low.get(side) is not None and high.get(side) is not None and _number(low, side) > _number(high, side):
            yield "min_price_above_max_price", f"/min_price/{side}", "the lowest price is above the highest"
    for name, limit in (("min_price", low), ("max_price", high)):
        if limit.get("incl_vat") is not None and _number(limit, "incl_vat") < _number(limit, "excl_vat"):
            yield "price_limit_incl_below_excl", f"/{name}/incl_vat", "less with VAT than without"


def _lint_taxes(tariff: Mapping[str, Any], elements: list[_Element]) -> Iterator[Found]:
    rates = [one.get("vat") for element in elements for one in element.components]
    if tariff.get("tax_included") == "YES" and None in rates:
        what = "taxes are included, but not how much: only the sum can be checked"
        yield "tax_included_without_rate", "/tax_included", what
    if tariff.get("tax_included") == "N/A" and any(rate is not None for rate in rates):
        yield "tax_rate_without_tax", "/tax_included", "no tax applies, but rates are given"


def _lint_restrictions(element: _Element, path: str) -> Iterator[Found]:
    restrictions, given = element.restrictions, element.given
    if given is not None and not restrictions:
        yield "restrictions_empty", path, "restrictions that restrict nothing"
    for low, high in _ALL_BOUNDS:
        least, most = restrictions.get(low), restrictions.get(high)
        if most is not None and (_number(restrictions, high) <= 0 and "current" not in high and "power" not in high):
            yield "restriction_never_valid", f"{path}/{high}", f"{high} of 0 is never met"
        elif least is not None and most is not None and _number(restrictions, low) >= _number(restrictions, high):
            yield "restriction_never_valid", f"{path}/{high}", f"{low} is not below {high}"
    start, end = restrictions.get("start_date"), restrictions.get("end_date")
    if start or end:
        yield "uses_date_restrictions", path, "holds on some days only, though tariffs can begin and end themselves"
    if start and end and start >= end:
        yield "restriction_never_valid", f"{path}/end_date", "end_date is not included, so nothing is left"
    yield from _lint_times(restrictions, path)
    yield from _lint_weekdays((given or {}).get("day_of_week"), f"{path}/day_of_week")


def _lint_times(restrictions: Mapping[str, Any], path: str) -> Iterator[Found]:
    start, end = restrictions.get("start_time"), restrictions.get("end_time")
    if end == "23:59":
        yield "end_time_2359", f"{path}/end_time", "leaves out the last minute: the end of the day is 00:00"
    if (start or end) and start in (None, "00:00") and end in (None, "00:00"):
        yield "whole_day_window", path, "the whole day: restricts nothing"
    elif start is not None and start == end:
        yield "start_time_equals_end_time", path, "read as the whole day; others read it as never"


def _lint_weekdays(days: Any, path: str) -> Iterator[Found]:
    if not isinstance(days, list):
        return
    days = [day for day in days if isinstance(day, str)]
    if not days:
        yield "day_of_week_empty", path, "read as every day; leave it out"
    if len(set(days)) < len(days):
        yield "day_of_week_duplicate", path, "names a day twice"
    if set(days) >= set(DAYS):
        yield "day_of_week_whole_week", path, "every day: restricts nothing"
    places = [DAYS.index(day) for day in days if day in DAYS]
    if places != sorted(places):
        yield "day_of_week_unsorted", path, "not in the order of the week"


def _lint_components(element: _Element, path: str) -> Iterator[Found]:
    seen: set[str] = set()
    for index, one in enumerate(element.components):
        where, type, step = f"{path}/{index}", one["type"], _number(one, "step_size")
        if type in seen:
            yield "duplicate_dimension", f"{where}/type", f"{type} stands twice in one element: the first is used"
        seen.add(type)
        if element.kind and type not in ("FLAT", "TIME"):
            yield "reservation_dimension", f"{where}/type", f"a reservation has no {type}"
        if step is None:
            yield "required_field_missing", f"{where}/step_size", "step_size is missing"
        elif step < 0:
            yield "step_size_negative", f"{where}/step_size", "a step is not negative"
        elif step == 0 and type != "FLAT":
            yield "step_size_zero", f"{where}/step_size", "read as no rounding; 1 says so"
        if _number(one, "price") < 0:
            yield "negative_price", f"{where}/price", "pays the driver"
        vat = _number(one, "vat")
        if vat is not None and (vat < 0 or 0 < vat < 1 or vat > _MOST_VAT):
            yield "vat_implausible", f"{where}/vat", "a percentage is expected, as in 21.0"


def _lint_reach(elements: list[_Element]) -> Iterator[Found]:
    """The first match wins, so what an earlier element covers is never reached."""
    if len(elements) > _MOST_COMPARED:
        return
    for number, element in enumerate(elements):
        components = element.components
        covered = _find_covered(element, elements[:number])
        hidden = [index for index, one in enumerate(components) if one["type"] in covered]
        path = f"/elements/{number}"
        if components and len(hidden) == len(components):
            yield "unreachable_element", path, "earlier elements always come first"
            continue
        for index in hidden:
            where = f"{path}/price_components/{index}"
            yield "unreachable_component", where, f"an earlier element always prices {components[index]['type']}"


def _find_covered(element: _Element, earlier: list[_Element]) -> set[str]:
    """Its dimensions that one before it prices wherever it holds itself."""
    left, covered = element.dimensions, set[str]()
    for one in earlier:
        more = left & one.dimensions if one.kind == element.kind else None
        if more and _implies(element, one):
            covered |= more
            left -= more
    return covered


def _implies(narrow: _Element, wide: _Element) -> bool:
    """Wherever `narrow` holds, `wide` does."""
    if len(wide.limits) < len(wide.restrictions):
        return False  # what others restrict nobody knows
    own = narrow.limits
    return all(name in own and _is_within(name, own[name], value) for name, value in wide.limits.items())


def _is_within(name: str, own: Any, value: Any) -> bool:
    if name.startswith("min_"):
        return bool(own >= value)
    if name.startswith("max_") or name == "day_of_week":
        return bool(own <= value)
    return bool(own == value)


def _read_element(element: Mapping[str, Any]) -> _Element:
    given = element.get("restrictions")
    restrictions = {name: value for name, value in (given or {}).items() if value is not None and value != []}
    components = [one for one in element["price_components"] if one.get("type") in CHARGING]
    return _Element(
        given=given,
        restrictions=restrictions,
        limits={name: _read_limit(name, value) for name, value in restrictions.items() if name in KNOWN},
        kind=restrictions.get("reservation"),
        components=components,
        dimensions=frozenset(one["type"] for one in components),
    )


def _read_limit(name: str, value: Any) -> Any:
    if name == "day_of_week":
        return frozenset(day for day in DAYS if day in value)
    return read_number(value) if name.startswith(("min_", "max_")) else value


def _number(document: Mapping[str, Any], name: str) -> Any:
    value = document.get(name)
    try:
        return None if value is None else read_number(value)
    except Unreadable:
        return Decimal(0)
