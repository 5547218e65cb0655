#!/bin/sh
# Write requirements/*.txt anew: every version and hash that the Makefile installs.
set -eu
python=$1
cd "$(dirname "$0")/.."
"$python" -m pip install --quiet "uv>=0.9"
mkdir -p requirements
lock() { "$python" -m uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
    --custom-compile-command 'make lock' "$@"; }
lock --generate-hashes pyproject.toml --output-file requirements/base.txt
lock --generate-hashes --constraint requirements/base.txt --extra serve --extra watch --group tools --group test \
    pyproject.toml --output-file requirements/test.txt
