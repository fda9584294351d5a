from __future__ import annotations

import os
import uuid

from ocpi.ids import new_id


class TestNewId:
    def test_is_a_random_uuid(self) -> None:
        made = uuid.UUID(new_id())

        assert (made.version, made.variant) == (4, uuid.RFC_4122)

    def test_is_never_the_same(self) -> None:
        assert len({new_id() for _ in range(1000)}) == 1000

    def test_differs_between_a_process_and_its_child(self) -> None:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, new_id().encode())
            os._exit(0)
        os.waitpid(child, 0)

        assert os.read(reader, 36).decode() != new_id()
