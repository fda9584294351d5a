"""Fault tests: real processes and real sockets, on stacks of their own (hubs.py). Run by `make faults`."""

from __future__ import annotations
