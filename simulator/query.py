"""A conversation details query, checked as the real one would check it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulator.clock import parse_instant
from simulator.errors import bad_request

MAX_PAGE_SIZE = 100
MAX_CONVERSATIONS = 100_000
MAX_DAYS_UNFILTERED, MAX_DAYS_FILTERED = 7, 31
ORDERS = ("asc", "desc", "unordered")
ORDER_BYS = ("conversationStart", "conversationEnd", "segmentStart", "segmentEnd")
_NOT_DONE_HERE = ("segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters", "aggregations")
_PREDICATES = {
    ("conversationEnd", "exists"),
    ("conversationEnd", "notExists"),
    ("conversationStart", "exists"),
    ("conversationStart", "notExists"),
    ("conversationId", "matches"),
}


@dataclass(frozen=True)
class Predicate:
    """A dimension, an operator, and the value for `matches`."""

    dimension: str
    operator: str
    value: str | None


@dataclass(frozen=True)
class Filter:
    """All of some predicates, or any of them. Every filter of a query must pass."""

    all_of: bool
    predicates: tuple[Predicate, ...]


@dataclass(frozen=True)
class Selection:
    """Which conversations, in which order: those that started on the UTC days from first to last."""

    first: date
    last: date
    filters: tuple[Filter, ...]
    by_end: bool
    descending: bool


@dataclass(frozen=True)
class Query:
    """A selection and the page of it that is wanted, counted from 1."""

    selection: Selection
    page_size: int
    page_number: int


def parse_query(body: object, cap: int = MAX_CONVERSATIONS) -> Query:
    """Check a query; `cap` is the most conversations one can reach.

    Raises ApiError 400, also for filters the real one knows and this one doesn't.
    """
    if not isinstance(body, dict):
        raise bad_request("The request body is not a JSON object.")
    filters = parse_filters(body)
    first, last = _days(body.get("interval"), MAX_DAYS_FILTERED if filters else MAX_DAYS_UNFILTERED)
    order = _one_of(body, "order", ORDERS)
    order_by = _one_of(body, "orderBy", ORDER_BYS)
    paging = body.get("paging") or {}
    if not isinstance(paging, dict):
        raise bad_request("paging is not an object.")
    page_size = _whole(paging, "pageSize", 25)
    page_number = _whole(paging, "pageNumber", 1)
    if page_size > MAX_PAGE_SIZE:
        raise bad_request(f"pageSize {page_size} is greater than the maximum of {MAX_PAGE_SIZE}.")
    if page_size * (page_number - 1) >= cap:
        raise bad_request(f"A query can't page beyond {cap} conversations.")
    selection = Selection(first, last, filters, order_by.endswith("End"), order == "desc")
    return Query(selection, page_size, page_number)


def parse_filters(body: dict[str, Any]) -> tuple[Filter, ...]:
    """The conversation filters of a query. Raises ApiError 400, also where it has filters of other kinds."""
    for name in _NOT_DONE_HERE:
        if body.get(name):
            raise bad_request(f"{name} is not something this simulator can do.")
    return tuple(_filter(each) for each in _objects(body, "conversationFilters"))


def parse_interval(interval: object, most_days: int) -> tuple[datetime, datetime]:
    """The start and the end of an interval. Raises ApiError 400."""
    begin, end = _instants(interval)
    if end <= begin:
        raise bad_request("The interval ends before it starts.")
    if end - begin > timedelta(days=most_days):
        raise bad_request(f"The interval is longer than the maximum of {most_days} days.")
    return begin, end


def _days(interval: object, most_days: int) -> tuple[date, date]:
    """The days an interval (`start/end`, the end not included) touches."""
    begin, end = parse_interval(interval, most_days)
    return begin.date(), (end - timedelta(milliseconds=1)).date()


def _instants(interval: object) -> tuple[datetime, datetime]:
    try:
        begin, end = str(interval).split("/")
        return parse_instant(begin).astimezone(UTC), parse_instant(end).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_request("interval is needed, as start/end in ISO-8601.") from None


def _filter(body: dict[str, Any]) -> Filter:
    if body.get("clauses"):
        raise bad_request("clauses in a filter are not something this simulator can do.")
    if body.get("type") not in {"and", "or"}:
        raise bad_request("The type of a filter is and, or or.")
    predicates = tuple(_predicate(each) for each in _objects(body, "predicates"))
    if not predicates:
        raise bad_request("A filter needs predicates.")
    return Filter(body["type"] == "and", predicates)


def _predicate(body: dict[str, Any]) -> Predicate:
    predicate = Predicate(str(body.get("dimension")), str(body.get("operator", "matches")), body.get("value"))
    if (predicate.dimension, predicate.operator) not in _PREDICATES:
        raise bad_request(f"{predicate.dimension} {predicate.operator} is not a predicate this simulator can do.")
    if predicate.operator == "matches" and not isinstance(predicate.value, str):
        raise bad_request("A predicate that matches needs a value.")
    return predicate


def _objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise bad_request(f"{name} is not a list of objects.")
    return value


def _one_of(body: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = body.get(name) or allowed[0]
    if value not in allowed:
        raise bad_request(f"{name} is one of {', '.join(allowed)}.")
    return str(value)


def _whole(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_request(f"{name} is not a whole number from 1 up.")
    return value
