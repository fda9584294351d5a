"""The rules of the breaker, with a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from parties.limits.breaker import Breakers, Broken, Permission, State, read, write

P = 7


@dataclass
class Scene:
    now: float = 1000.0
    told: list[tuple[int, Broken | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breakers = Breakers(
            failures=3, pause=5.0, clock=lambda: self.now, on_change=lambda *news: self.told.append(news)
        )

    def fail(self, times: int = 1, *, started: float | None = None) -> None:
        for _ in range(times):
            self.breakers.note_failure(P, reason="no answer in time", started=self.now if started is None else started)

    @property
    def permission(self) -> Permission:
        return self.breakers.look(P)

    @property
    def broken(self) -> Broken:
        broken = self.breakers.get(P)
        assert broken is not None
        return broken


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestOpens:
    def test_after_so_many_failures_in_a_row(self, scene: Scene):
        scene.fail(2)
        before = scene.permission
        scene.fail()

        assert (before, scene.permission) == (Permission.GO, Permission.NO)
        assert (scene.broken.failures, scene.broken.until, scene.broken.reason) == (3, 1005.0, "no answer in time")
        assert scene.told == [(P, scene.broken)]

    def test_not_where_an_answer_came_in_between(self, scene: Scene):
        scene.fail(2)
        scene.breakers.note_answer(P)
        scene.fail(2)

        assert scene.permission is Permission.GO
        assert scene.told == []

    def test_for_one_platform_only(self, scene: Scene):
        scene.fail(3)

        assert scene.breakers.look(P + 1) is Permission.GO

    @pytest.mark.parametrize("openings", [1, 9])
    def test_for_no_longer_where_the_clock_is_put_back(self, scene: Scene, openings: int):
        for _ in range(openings):
            scene.fail(3)
        during = scene.permission
        scene.now -= 3600

        assert (during, scene.permission) == (Permission.NO, Permission.ASK)
        assert scene.broken.get_state(now=scene.now) is State.HALF_OPEN


class TestProbe:
    def test_is_asked_for_when_the_pause_is_over(self, scene: Scene):
        scene.fail(3)
        scene.now += 5

        assert scene.permission is Permission.ASK
        assert scene.broken.get_state(now=scene.now) is State.HALF_OPEN

    def test_that_is_answered_closes(self, scene: Scene):
        scene.fail(3)
        scene.now += 5
        scene.breakers.note_answer(P)

        assert scene.permission is Permission.GO
        assert scene.told[-1] == (P, None)

    def test_that_fails_opens_for_twice_as_long_up_to_a_minute(self, scene: Scene):
        scene.fail(3)
        pauses = []
        for _ in range(6):
            scene.now = scene.broken.until
            scene.fail()
            pauses.append(scene.broken.until - scene.now)

        assert pauses == [10, 20, 40, 60, 60, 60]
        assert scene.broken.since == 1000.0

    def test_is_not_judged_by_calls_that_began_before(self, scene: Scene):
        scene.fail(3)
        scene.now += 1
        scene.fail(started=999.0)

        assert scene.broken.until == 1005.0


class TestACallFromThePlatform:
    def test_closes_early_on_trial(self, scene: Scene):
        scene.fail(3)
        scene.breakers.note_heard(P)

        assert scene.permission is Permission.GO
        assert scene.broken.get_state(now=scene.now) is State.TRIAL
        scene.breakers.note_answer(P)
        assert scene.breakers.get(P) is None

    def test_is_no_proof_for_long(self, scene: Scene):
        scene.fail(3)
        scene.breakers.note_heard(P)
        scene.fail()

        assert scene.permission is Permission.NO

    def test_after_that_only_allows_one_try(self, scene: Scene):
        scene.fail(3)
        scene.breakers.note_heard(P)
        scene.fail()
        scene.now += 1
        scene.breakers.note_heard(P)

        assert scene.permission is Permission.ASK

    def test_costs_nothing_where_nothing_is_broken(self, scene: Scene):
        scene.breakers.note_heard(P)

        assert scene.told == []


class TestWhatOthersSay:
    def test_is_taken_over(self, scene: Scene):
        other = Scene()
        other.fail(3)

        scene.breakers.adopt({P: other.broken}, except_for=lambda platform: False)
        opened = scene.permission
        scene.breakers.adopt({}, except_for=lambda platform: False)

        assert (opened, scene.permission) == (Permission.NO, Permission.GO)
        assert scene.told == []  # they know

    def test_does_not_undo_news_of_ours(self, scene: Scene):
        scene.fail(3)
        scene.breakers.adopt({}, except_for=lambda platform: platform == P)

        assert scene.permission is Permission.NO

    def test_comes_as_text(self, scene: Scene):
        scene.fail(3)

        assert read(write(scene.broken)) == scene.broken
        assert read(b'{"platform": "?"}') is None
