"""What a process keeps in its memory: so many bytes and no more."""

from __future__ import annotations

from parties.kept import Kept


class TestKept:
    def test_lets_go_what_was_asked_longest_ago(self):
        kept = Kept(most=80)
        for name in "abcdefgh":
            kept.put(name, name.upper(), size=10, answers=name)
        kept.get("a")

        kept.put("i", "I", size=10, answers="i")

        assert (kept.get("a"), kept.get("b"), kept.get("i")) == ("A", None, "I")
        assert kept.size == 80

    def test_counts_what_replaces_another_once(self):
        kept = Kept(most=80)

        kept.put("a", 1, size=10, answers="q")
        kept.put("a", 2, size=7, answers="q")

        assert (kept.get("a"), kept.size) == (2, 7)

    def test_holds_one_answer_to_a_question(self):
        kept = Kept(most=80)

        kept.put("as of 1", "A", size=5, answers="q")
        kept.put("as of 2", "B", size=6, answers="q")

        assert (kept.get("as of 1"), kept.get("as of 2"), kept.size) == (None, "B", 6)

    def test_has_no_room_for_what_would_drive_out_all_others(self):
        kept = Kept(most=80)

        kept.put("a", 1, size=11, answers="q")

        assert (kept.get("a"), kept.size) == (None, 0)

    def test_knows_the_last_questions_only(self):
        kept = Kept(remembered=2)

        asked = [kept.was_asked(question) for question in ("a", "b", "a", "c", "b")]

        assert asked == [False, False, True, False, False]
