"""Protections to take out of the hub, one at a time: the fault test named with each has to fail then (mutate.py)."""

from __future__ import annotations

from dataclasses import dataclass

RANDOM, WORKER = "test_killed_at_random.py", "test_worker_lost.py"


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str
    old: str  # exactly once in the file
    new: str
    test: str
    what: str  # what the hub does then


MUTATIONS = [
    Mutation(
        "durable",
        "journal/batch.py",
        "SETTINGS = \"SET LOCAL statement_timeout = '4s';",
        "SETTINGS = \"SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = '4s';",
        RANDOM,
        "answers before what it says is durable",
    ),
    Mutation(
        "lease",
        "forwarding/lanes.py",
        "           AND (lane.leased_until IS NULL OR lane.leased_until < %(now)s)\n",
        "",
        RANDOM,
        "lets several workers drain one lane",
    ),
    Mutation(
        "waiting",
        "forwarding/ledger.py",
        "            waiting=dict(self.waiting),\n",
        "            waiting={},\n",
        f"{WORKER}::TestWorkerLost::test_a_broken_off_delivery_comes_again_and_the_log_says_so",
        "moves the cursor past what was sent and not yet answered",
    ),
    Mutation(
        "mark",
        "forwarding/ledger.py",
        "    if crashed_at is None or one.at > crashed_at:\n",
        "    if True:\n",
        f"{WORKER}::TestWorkerLost::test_a_broken_off_delivery_comes_again_and_the_log_says_so",
        "does not say that a delivery may be a repeat",
    ),
    Mutation(
        "fence",
        "forwarding/lanes.py",
        "ON lane.id = given.lane AND lane.fence = given.fence\n",
        "ON lane.id = given.lane\n",
        f"{WORKER}::TestWorkerLost::test_a_worker_that_stood_still_cannot_undo_what_others_did",
        "lets a worker move a cursor that is not its own any more",
    ),
    Mutation(
        "sweep",
        "roaming_hub/celery.py",
        '    "sweep lanes": {"task": "forwarding.tasks.drain_lanes", "schedule": 1.0, "options": {"expires": 2}},\n',
        "",
        f"{WORKER}::TestWakeUpLost",
        "looks at its lanes only when it is woken",
    ),
    Mutation(
        "facts",
        "gateway/facts.py",
        "                        self._load()\n",
        '                        _ = self._facts and (setattr(self, "_confirmed", float("inf")), self._stop.wait(6))\n'
        "                        self._load()\n",
        "test_two_hosts.py",
        "goes by routing facts that are six seconds old",
    ),
    Mutation(
        "cap",
        "parties/limits/limits.py",
        "        return max(1, cap // self.count_processes())",
        "        return cap",
        "test_sick_partners.py::TestSickPartners::test_harm_nobody_else",
        "lets each process open as many calls to a platform as all together may",
    ),
    Mutation(
        "breaker",
        "parties/limits/breaker.py",
        "                if self._failures[platform] >= self._limit:",
        "                if False:",
        "test_sick_partners.py::TestSickPartners::test_are_left_alone_until_they_come_back",
        "goes on calling those that do not answer",
    ),
    Mutation(
        "stall",
        "gateway/admission.py",
        "        if self._writer.stalled_for > hot.HUB_STALL:",
        "        if False:",
        "test_overload.py",
        "lets calls pile up before a database that does not commit",
    ),
    Mutation(
        "silence",
        "gateway/pages.py",
        "            if self._is_silent():\n                return False\n",
        "",
        "test_database_stands_still.py",
        "lets pages wait for a database that stands still",
    ),
    Mutation(
        "coalesce",
        "forwarding/outdated.py",
        "        if now - one.event.at > RELAY_WINDOW\n",
        "        if False\n",
        "test_a_day_away.py::TestStoreAndForward",
        "looks for newer states no further than the piece of the log it has at hand",
    ),
    Mutation(
        "lanes",
        "forwarding/drain.py",
        "LANES = 128 ",
        "LANES = 4 ",
        "test_a_day_away.py::TestStoreAndForward",
        "drains so few lanes at a time that one partner's fill them all",
    ),
    Mutation(
        "relay",
        "forwarding/plan.py",
        '        return Step.SKIP, f"the receiver is {planned.status}"',
        '        return Step.WAIT, f"the receiver is {planned.status}"',
        "test_a_day_away.py::TestRelay",
        "queues what it promised nobody",
    ),
    Mutation(
        "takeover",
        "forwarding/lanes.py",
        "lane.leased_until < %(now)s)\n",
        "lane.leased_until < '2000-01-01')\n",
        "test_workers.py::TestPoolChildKilled",
        "leaves the lanes of a dead worker to it",
    ),
    Mutation(
        "all-clear",
        "alerts/evaluate.py",
        "            Alert.objects.filter(pk=known.id).update(closed_at=now)",
        "            pass",
        "../drills/test_outage.py",
        "never says that it is over",
    ),
    Mutation(
        "queues",
        "roaming_hub/celery.py",
        'app.conf.task_routes = {name: {"queue": "pulls"} for name in SLOW}',
        "app.conf.task_routes = {}",
        "test_workers.py::TestTwoQueues",
        "reads lists with the workers that deliver",
    ),
    Mutation(
        "leaving",
        "roaming_hub/web.py",
        '[*self.server_state.default_headers, (b"connection", b"close")]',
        "[*self.server_state.default_headers]",
        "test_rolling_restart.py",
        "closes connections without having said so",
    ),
    Mutation(
        "restored",
        "management/management/commands/restore.py",
        "number = mark_restored(now=timezone.now())",
        "number = 0 if timezone.now() else mark_restored(now=timezone.now())",
        "../drills/test_backup_and_restore.py",
        "goes on after a restore as if nothing had been sent since the backup",
    ),
    Mutation(
        "keys",
        "management/management/commands/restore.py",
        "unreadable = find_unreadable()",
        "unreadable = find_unreadable()[:0]",
        "../drills/test_backup_and_restore.py",
        "starts with secrets that are not those of its data",
    ),
]
