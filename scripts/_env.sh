# Sourced by the other scripts: a virtual environment beside the code, made once and kept in step
# with uv.lock. Uses uv when it is there or can be installed; plain venv and pip where it is not, or
# cannot fetch (an index or a certificate that pip's settings know and uv's do not).
# After sourcing, "$PYTHON" is the environment's interpreter.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
VENV="$ROOT/.venv"
PYTHON="$VENV/bin/python"

find_python() {
  local candidate
  for candidate in "${CRML_PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python3.14 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  echo "crml_sdk needs Python 3.10 or newer; none was found on PATH (set CRML_PYTHON to one)." >&2
  return 1
}

find_uv() {
  if [ "${CRML_NO_UV:-}" = 1 ]; then return 1; fi
  if command -v uv >/dev/null 2>&1; then command -v uv; return 0; fi
  local tools="$ROOT/.tools"
  if [ ! -x "$tools/bin/uv" ]; then
    "$1" -m venv "$tools" >/dev/null 2>&1 || return 1
    "$tools/bin/python" -m pip install -q --disable-pip-version-check uv >/dev/null 2>&1 || return 1
  fi
  echo "$tools/bin/uv"
}

sync_with_uv() {
  local uv=$1 base=$2 group args=(--extra cli --extra local --extra httpx)
  shift 2
  if [ "${WITH_EXTRAS:-1}" = 0 ]; then args=(); fi
  for group in "$@"; do args+=(--group "$group"); done
  # Its cache is in the home directory, which need not be writable, or even there.
  if ! mkdir -p "${UV_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv}" 2>/dev/null; then
    args+=(--no-cache)
  fi
  # Compiled beforehand, as pip does: Python itself may not be allowed to write here.
  env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT="$VENV" "$uv" sync -q --frozen --python "$base" \
    --compile-bytecode --no-default-groups ${args[@]+"${args[@]}"}
}

install_with_pip() {
  local base=$1 group args=(-e '.[cli,local,httpx]')
  shift
  if [ "${WITH_EXTRAS:-1}" = 0 ]; then args=(-e .); fi
  for group in "$@"; do args+=(--group "$group"); done
  # What uv began has no pip; what a broken link is left of has no interpreter.
  "$PYTHON" -c '' 2>/dev/null || "$base" -m venv --clear "$VENV"
  "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip >/dev/null
  "$PYTHON" -m pip install -q --disable-pip-version-check --upgrade 'pip>=25.1'
  "$PYTHON" -m pip install -q --disable-pip-version-check "${args[@]}"
}

# setup_env GROUP...: makes or refreshes $VENV; with a stamp, so that the second time costs nothing.
# WITH_EXTRAS=0 leaves the optional parts of the package out, as a plain installation does.
setup_env() {
  local base uv stamp wanted
  base=$(find_python)
  stamp="$VENV/.crml-stamp"
  wanted="$(cat pyproject.toml uv.lock | cksum) $ROOT $* $("$base" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)')"
  if [ -x "$PYTHON" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return 0; fi
  echo "Setting up .venv (once) ..." >&2
  if uv=$(find_uv "$base"); then
    if ! sync_with_uv "$uv" "$base" "$@"; then
      echo "uv could not set it up (above); trying pip ..." >&2
      install_with_pip "$base" "$@"
    fi
  else
    install_with_pip "$base" "$@"
  fi
  # The code itself is used where it lies, so neither tool compiles it; where Python may not write
  # bytecode, every start of the command would.
  "$PYTHON" -m compileall -q src >/dev/null 2>&1 || true
  printf '%s' "$wanted" >"$stamp"
}
