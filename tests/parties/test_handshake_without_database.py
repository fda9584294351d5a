"""A handshake whose connection to PostgreSQL breaks while the partner is asked: nothing the partner gave is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from ocpi.errors import UnableToUseClientApi
from parties import handshake
from parties.models import Platform
from tests.parties.cast import LATER, NOW, kind_of, read
from tests.parties.fake_platform import FakePlatform


def break_connection() -> None:
    """That of the handshake under way, as when PostgreSQL is started anew; from another one."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s",
                [handshake.HANDSHAKE],
            )
    finally:
        connection.close()


@pytest.mark.usefixtures("hub_on_loopback")
@pytest.mark.django_db(transaction=True)
class TestDatabaseGone:
    """For a moment, while the partner is asked."""

    @pytest.fixture(autouse=True)
    def _connect_anew(self, transactional_db: None) -> Iterator[None]:
        yield
        connection.close()

    def test_the_partners_new_token_is_kept_all_the_same(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        fake.token = "newer-theirs"
        fake.on_call = lambda method, path: break_connection() if method == "PUT" else None

        handshake.rotate(registered[0], now=LATER)

        assert Platform.objects.get().token_out == "newer-theirs"
        assert kind_of(fake.get_body("PUT")["token"], now=LATER) == "credentials"

    def test_a_failure_is_told_as_the_partners(self, planned: Platform, fake: FakePlatform) -> None:
        planned.issue_token_a()
        fake.status_code = 2000
        fake.on_call = lambda method, path: break_connection()

        with pytest.raises(UnableToUseClientApi):
            handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)
