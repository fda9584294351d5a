"""`python -m simulator --config file.json`: one platform, without Django."""

from __future__ import annotations

from simulator.run import main

if __name__ == "__main__":
    main()
