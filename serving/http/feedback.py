"""``POST /v1/feedback``: what came true."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, FailFast, Field, PlainValidator, WithJsonSchema, model_validator
from starlette.requests import Request
from starlette.responses import Response

from serving.http.reading import Reader
from serving.http.route import COMMON, add_route, json_response
from serving.refusals import LONGEST_TEXT, RowError, TooManyRowsError
from serving.schema import LARGEST, is_list, key_text, moment
from serving.service import Service
from understudy.records import Label

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")]
KEY = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": "^[^\\u0000]*$"},
        {"type": "number", "minimum": -LARGEST, "maximum": LARGEST},
    ]
}
Moment = Annotated[
    str, Field(max_length=40), WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})
]
OUTCOMES = {"type": "string", "enum": ["stored", "repeated", "contradicts"]}
ANSWER = {
    "type": "object",
    "required": ["outcomes", "stored", "repeated", "contradicts"],
    "properties": {
        "outcomes": {"type": "array", "items": OUTCOMES, "description": "of each label, in the order given"},
        **{name: {"type": "integer", "minimum": 0} for name in OUTCOMES["enum"]},
    },
}


def _truth(value: Any) -> float:
    if not isinstance(value, bool | int | float) or value not in (0, 1):
        raise ValueError("give true or false, or 1 or 0")
    return float(value)


def _key(value: Any) -> str:
    if isinstance(value, int | float) and not abs(value) <= LARGEST:  # also what is not a number
        raise ValueError(f"give a finite number, from {-LARGEST:.8g} to {LARGEST:.8g}, or text")
    text = key_text(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not 1 <= len(text) <= LONGEST_TEXT or "\0" in text:
        raise ValueError(f"give text of 1 to {LONGEST_TEXT} characters, or a number")
    return text


class Feedback(BaseModel):
    """A label, by the id of the prediction or by the business key that the request carried."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["prediction_id"]}, {"required": ["key"]}],
        },
    )

    prediction_id: Text = Field(default="", description="as the prediction's answer gave it")
    key: Annotated[str, PlainValidator(_key), WithJsonSchema(KEY)] = Field(
        default="", description="the request's id field"
    )
    value: Annotated[float, PlainValidator(_truth), WithJsonSchema({"enum": [True, False, 0, 1]})] = Field(
        description="whether it came true"
    )
    landed_at: Moment | None = Field(default=None, description="when it became known, UTC; default: now")
    source: str = Field(default="", max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$", description="who says so")

    @model_validator(mode="after")
    def _names_one(self) -> "Feedback":
        if len({"prediction_id", "key"} & self.model_fields_set) != 1:
            raise ValueError("give either prediction_id or key")
        return self


ONE: Reader[Feedback] = Reader(Feedback)
MANY: Reader[list[Feedback]] = Reader(
    Annotated[list[Feedback], Field(min_length=1), FailFast()], len(Feedback.model_fields)
)


def add_feedback(router: APIRouter, service: Service) -> None:
    """Add the route."""

    async def feedback(request: Request) -> Response:
        """Store what came true, for one prediction or many. A repetition changes nothing; a contradiction is kept
        and flagged, and the earlier label stands."""
        body = await request.body()
        many = is_list(body)
        given = MANY.read(body, service.settings.rows) if many else [ONE.read(body)]
        if len(given) > service.settings.rows:
            raise TooManyRowsError(
                f"There are more than {service.settings.rows:,} labels.", "Send them in several requests."
            )
        now = datetime.now(UTC).replace(tzinfo=None)
        labels = [_label(service.spec.name, one, now, number if many else None) for number, one in enumerate(given)]
        outcomes = await asyncio.to_thread(service.ledger.label, labels)
        counts = Counter[str](outcomes)
        return json_response({"outcomes": outcomes, **{name: counts[name] for name in OUTCOMES["enum"]}})

    one = {"$ref": "#/components/schemas/Feedback"}
    body = {"anyOf": [one, {"type": "array", "minItems": 1, "maxItems": service.settings.rows, "items": one}]}
    add_route(
        router,
        "POST",
        "/v1/feedback",
        feedback,
        body=body,
        answer=ANSWER,
        errors=COMMON,
        summary="Feedback",
        tags=["predictions"],
    )


def _label(problem: str, given: Feedback, now: datetime, row: int | None) -> Label:
    landed = now
    if given.landed_at is not None:
        try:
            landed = moment(given.landed_at)
        except (ValueError, OverflowError) as error:
            fix = "Write it as 2013-11-01T08:15:00Z."
            raise RowError(f"landed_at is not a time: {error}.", fix, "landed_at", row) from None
    return Label(problem, given.value, given.prediction_id, given.key, landed, given.source)
