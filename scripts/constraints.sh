#!/bin/sh
# Writes constraints.txt anew: installs what setup.cfg allows into a fresh environment and notes it.
set -eu
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh"
"$fresh/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --no-input \
    --editable '.[dev,bench]'
{
    sed -n '/^#/p' constraints.txt
    "$fresh/bin/python" -m pip freeze --all --exclude-editable | grep -v '^pip=='
    # WebOb needs it where Python itself no longer has cgi.
    grep '^legacy-cgi==' constraints.txt
} >"$fresh/constraints.txt"
cp "$fresh/constraints.txt" constraints.txt
