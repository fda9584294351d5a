"""What the hub costs, measured beside its yardsticks in one run. Never part of the tests; `make bench`."""
