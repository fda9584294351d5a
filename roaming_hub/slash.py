"""What becomes of a URL without its final slash."""

from __future__ import annotations

import json

from django.http import HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware


class SlashAdded(HttpResponsePermanentRedirect):
    """308: after a 301 clients send a POST again as a GET, and take the list that answers for what they wanted."""

    status_code = 308

    def __init__(self, redirect_to: str) -> None:
        problem = {"detail": "The URL needs a slash at its end.", "what_to_do": f"Send the same to {redirect_to}."}
        super().__init__(redirect_to, content=json.dumps(problem), content_type="application/json")


class FinalSlashMiddleware(CommonMiddleware):
    response_redirect_class = SlashAdded
