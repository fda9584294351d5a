"""One entry for the server: the OCPI edge, and Django behind it."""

from __future__ import annotations

import os
from typing import cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from gateway.asgi import Edge  # noqa: E402  (needs the app registry)
from gateway.pages import Application  # noqa: E402

application = Edge(cast("Application", django_application))
