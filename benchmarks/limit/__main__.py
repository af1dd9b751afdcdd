"""`python -m benchmarks.limit PORT THREADS`: serve the limit with waitress."""

from __future__ import annotations

import sys

from waitress import serve

from benchmarks.limit.app import application

if __name__ == "__main__":
    port, threads = (int(argument) for argument in sys.argv[1:])
    serve(application, host="127.0.0.1", port=port, threads=threads, ident=None)
