"""A request that is not answered: why, and what the client can do about it."""

from http import HTTPStatus
from typing import Any, NoReturn


class Refusal(Exception):  # noqa: N818 (an answer to the client, not a fault of ours)
    """An error that is sent to the client in the form it knows from OpenAI."""

    def __init__(self, why: str, param: str | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(why)
        self.param, self.status = param, status

    def record(self) -> dict[str, Any]:
        return {"error": {"message": str(self), "type": KINDS[self.status], "param": self.param, "code": None}}


KINDS = {
    HTTPStatus.BAD_REQUEST: "invalid_request_error",
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.METHOD_NOT_ALLOWED: "invalid_request_error",
    HTTPStatus.LENGTH_REQUIRED: "invalid_request_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "invalid_request_error",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "invalid_request_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.INTERNAL_SERVER_ERROR: "server_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "server_error",
}


def refused(why: str, param: str | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> NoReturn:
    raise Refusal(why, param, status)
