#!/bin/sh
# Makes the virtual environment .venv and installs Realty into it with the exact versions of
# constraints.txt; an argument names an extra of setup.cfg that is wanted besides. Does nothing when
# none of what it installs from changed since the last time.
set -eu
cd "$(dirname "$0")/.."

extra=${1:-}
stamp=.venv/realty-installed${extra:+-with-$extra}
wanted="$PWD $(cat setup.cfg pyproject.toml constraints.txt | cksum)"
if [ -x .venv/bin/realty ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] &&
    .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c "$fits" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11, 3.12 or 3.13 is needed and was not found; install one, or name it: make PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$python cannot make virtual environments; install its venv module (Debian, Ubuntu: apt-get install python3-venv)" >&2
    exit 1
fi

echo "Installing Realty into .venv (the first time takes about half a minute)..."
if [ -x .venv/bin/python ] && .venv/bin/python -c "$fits" 2>/dev/null; then
    "$python" -m venv .venv
else
    "$python" -m venv --clear .venv
fi
# Twice quiet: errors only.
.venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input \
    --constraint constraints.txt --editable ".[dev${extra:+,$extra}]"
echo "$wanted" >"$stamp"
# The extra came on top of everything else.
echo "$wanted" >.venv/realty-installed
