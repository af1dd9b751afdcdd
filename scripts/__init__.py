"""What the Makefile runs: serving, testing, checking and the generated documents."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
