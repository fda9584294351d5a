"""JSON bodies as the API takes them: nothing that could not be said again as JSON, in an error or in an answer."""

from __future__ import annotations

import json
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BodyParser(JSONParser):
    """Refuses halves of surrogate pairs, numbers beyond a float, and what is nested too deeply to be read."""

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except RecursionError as e:
            raise ParseError("JSON parse error - it is nested too deeply") from e
        except ValueError as e:
            raise ParseError(f"JSON parse error - {e}") from e
        return data
