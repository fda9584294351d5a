"""Starts children in order, restarts those that end, stops them in reverse. It knows nothing of what they are.

One thread does all of it and starts every child, because a child dies with the thread that started it (launch.py).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from roaming_hub.stack import guardian
from roaming_hub.stack.child import Child, Process

FAILURES_ALLOWED = 5  # within WINDOW; the fifth ends the stack
WINDOW = 60.0  # seconds
FIRST_DELAY = 0.5
LONGEST_LOG = 20_000_000  # bytes; a longer one is put aside at the next start
LEAST_ROOM = 1_000_000  # bytes; with less, logs cannot say what is wrong
LAST_LINES = 15  # of a child's log, shown when it cannot start


class StackFailed(Exception):
    """The stack cannot start or cannot go on; the text says why and where to look."""


@dataclass
class Failures:
    """How often a child has failed lately, and how long to wait before the next start."""

    moments: list[float] = field(default_factory=list)

    def record(self, *, now: float) -> float | None:
        """Seconds to wait, or None when it is time to give up."""
        self.moments = [moment for moment in self.moments if now - moment < WINDOW] + [now]
        if len(self.moments) >= FAILURES_ALLOWED:
            return None
        return float(FIRST_DELAY * 2 ** (len(self.moments) - 1))


class Guardian:
    """Our end of guardian.py: tells it what runs, and replaces it if somebody kills it."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._groups: set[int] = set()
        self._popen = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-I", "-S", guardian.__file__, str(self._run)]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, cwd="/")

    def watch(self, pid: int) -> None:
        self._groups.add(pid)
        self._tell(f"+{pid}")

    def forget(self, pid: int) -> None:
        self._groups.discard(pid)
        self._tell(f"-{pid}")

    def refresh(self) -> None:
        if self._popen.poll() is None:
            return
        self._popen = self._start()
        for pid in self._groups:
            self._tell(f"+{pid}")

    def dismiss(self) -> None:
        self._tell("bye")
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        self._popen.wait()

    def _tell(self, word: str) -> None:
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(f"{word}\n".encode())
            self._popen.stdin.flush()
        except BrokenPipeError:
            return  # killed meanwhile: refresh() starts another and repeats what it must know


@dataclass
class _Slot:
    child: Child
    process: Process | None = None
    successor: Process | None = None  # started, and not answering yet
    leaving: Process | None = None  # has a successor, and finishes what is open
    leave_by: float = 0.0
    failures: Failures = field(default_factory=Failures)
    restart_at: float = 0.0


class Supervisor(threading.Thread):
    def __init__(self, children: Sequence[Child], *, run: Path, logs: Path, say: Callable[[str], None]) -> None:
        super().__init__(name="stack", daemon=True)
        self.up = threading.Event()  # everything answers, or nothing ever will: see `failure`
        self.failure: StackFailed | None = None
        self._children = children
        self._slots: list[_Slot] = []
        self._run_folder = run
        self._logs = logs
        self._say = say
        self._stopping = threading.Event()
        self._to_replace: deque[_Slot] = deque()

    @property
    def processes(self) -> dict[str, int]:
        return {slot.child.name: slot.process.pid for slot in self._slots if slot.process}

    def replace(self, kind: str) -> None:
        """One after the other, all called `kind` or `kind-N`: each gets a successor before it is told to leave."""
        self._to_replace.extend(slot for slot in self._slots if slot.child.name.split("-")[0] == kind)

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        self._guardian = Guardian(self._run_folder)
        try:
            self._start_all()
            self.up.set()
            while not self._stopping.wait(0.1):
                self._guardian.refresh()
                for slot in self._slots:
                    self._look_after(slot, now=time.monotonic())
                self._go_on_replacing(now=time.monotonic())
        except StackFailed as e:
            self.failure = e
        except Exception as e:  # a full disk, say, or no more processes: it must reach who waits for us
            self.failure = StackFailed(f"the stack cannot go on: {e!r}")
        finally:
            self._stop_all()
            self._guardian.dismiss()
            self.up.set()

    # Start

    def _start_all(self) -> None:
        started: list[_Slot] = []  # and not yet waited for
        for child in self._children:
            if self._stopping.is_set():
                return
            slot = _Slot(child)
            if not child.once:
                self._slots.append(slot)
            self._start(slot)
            started.append(slot)
            if not child.beside_next or child is self._children[-1]:
                for one in started:
                    self._wait_for(one)
                started.clear()

    def _start(self, slot: _Slot) -> None:
        slot.process = self._launch(slot)

    def _launch(self, slot: _Slot) -> Process:
        log = self._logs / f"{slot.child.name}.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        process = Process(slot.child, log=log)
        self._guardian.watch(process.pid)
        return process

    def _wait_for(self, slot: _Slot) -> None:
        process, child = slot.process, slot.child
        assert process is not None
        while not self._stopping.wait(0.02):
            status = process.exit_status()
            if child.once and status == 0:
                return self._drop(slot, f"{child.name} done ({process.age():.1f} s)")
            if status is not None:
                self._drop(slot, f"{child.name} ended with status {status}")
                raise StackFailed(f"{child.name} could not start.\n{_last_lines(process)}")
            if not child.once and child.ready(process):
                process.is_ready = True
                return self._say(f"{child.name} ready ({process.age():.1f} s)")
            if process.age() > child.ready_within:
                raise StackFailed(
                    f"{child.name} was not ready within {child.ready_within:.0f} s.\n{_last_lines(process)}"
                )
        if child.once:
            self._drop(slot, f"{child.name} interrupted")

    def _drop(self, slot: _Slot, message: str) -> None:
        assert slot.process is not None
        slot.process.kill()
        self._guardian.forget(slot.process.pid)
        slot.process = None
        self._say(message)

    # Watch

    def _look_after(self, slot: _Slot, *, now: float) -> None:
        process, child = slot.process, slot.child
        if process is None:
            if now >= slot.restart_at:
                self._start(slot)
        elif (status := process.exit_status()) is not None:
            self._fail(slot, f"{child.name} ended with status {status}", now=now)
        elif not process.is_ready and child.ready(process):
            process.is_ready = True
            self._say(f"{child.name} ready again ({process.age():.1f} s)")
        elif not process.is_ready and process.age() > child.ready_within:
            self._fail(slot, f"{child.name} was not ready within {child.ready_within:.0f} s", now=now)

    def _fail(self, slot: _Slot, what: str, *, now: float) -> None:
        assert slot.process is not None
        last_lines = _last_lines(slot.process)
        delay = slot.failures.record(now=now)
        if delay is None:
            self._drop(slot, what)
            raise StackFailed(f"{slot.child.name} failed {FAILURES_ALLOWED} times within a minute.\n{last_lines}")
        slot.restart_at = now + delay
        self._drop(slot, f"{what}; starting it again in {delay:g} s")

    # Replace

    def _go_on_replacing(self, *, now: float) -> None:
        """One step, for one slot at a time. A successor that does not come leaves everything as it was."""
        if not self._to_replace:
            return
        slot = self._to_replace[0]
        if slot.leaving is not None:
            if slot.leaving.exit_status() is not None or now >= slot.leave_by:
                self._end(slot.leaving)
                slot.leaving = None
                self._to_replace.popleft()
                self._say(f"{slot.child.name} replaced")
        elif slot.successor is None:
            slot.successor = self._launch(slot)
        elif slot.successor.exit_status() is not None or slot.successor.age() > slot.child.ready_within:
            last_lines = _last_lines(slot.successor)
            self._end(slot.successor)
            slot.successor = None
            self._to_replace.clear()
            self._say(f"{slot.child.name} could not be replaced and goes on as it was.\n{last_lines}")
        elif slot.child.ready(slot.successor):
            self._hand_over(slot, now=now)

    def _hand_over(self, slot: _Slot, *, now: float) -> None:
        assert slot.successor is not None
        slot.successor.is_ready = True
        slot.process, slot.leaving, slot.successor = slot.successor, slot.process, None
        slot.leave_by = now + slot.child.stop_within
        if slot.leaving is None:  # it had died, and was about to be started again
            self._to_replace.popleft()
        else:
            slot.leaving.tell_to_leave()

    def _end(self, process: Process) -> None:
        process.kill()
        self._guardian.forget(process.pid)

    # Stop

    def _stop_all(self) -> None:
        for slot in self._slots:
            for process in (slot.successor, slot.leaving):
                if process is not None:
                    self._end(process)
        for child in self._children:
            for each in child.sockets:
                each.close()
        for slot in reversed(self._slots):
            if slot.process is not None:
                slot.process.stop()
                self._guardian.forget(slot.process.pid)
                slot.process = None
                self._say(f"{slot.child.name} stopped")


def _last_lines(process: Process) -> str:
    lines = process.output().decode(errors="replace").splitlines()[-LAST_LINES:]
    told = [f"The last lines of {process.log}:", *(f"  {line}" for line in lines)]
    if shutil.disk_usage(process.log.parent).free < LEAST_ROOM:
        told.append("The disk that it is on is full: free some space, and start again. What was answered is kept.")
    return "\n".join(told)
