from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["tariffs.pricing", "tariffs.pricing.report", "tariffs.lint", "cdrs.control"])
def test_is_usable_without_the_hub(module):
    code = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('django', 'celery', 'psycopg2')))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
