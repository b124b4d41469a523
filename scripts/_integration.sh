# Sourced by scripts/test-airflow and scripts/test-orchestrators, after _env.sh: an environment for one
# framework, with its newest release. These are not in uv.lock's groups: what a framework pins must not
# hold back the development tools, nor they it.

# setup_integration NAME EXTRA...: makes $ROOT/.venv-NAME with the package's extras (NAME itself when
# none is given) and what the tests need; "$INTEGRATION" is its interpreter. A stamp makes the second
# time cost nothing.
setup_integration() {
  local name=$1 base uv stamp wanted extras
  shift
  extras=$(IFS=,; echo "${*:-$name}")
  base=$(find_python)
  INTEGRATION="$ROOT/.venv-$name/bin/python"
  stamp="$ROOT/.venv-$name/.crml-stamp"
  wanted="$(cat pyproject.toml scripts/_integration.sh | cksum) $ROOT $("$base" -V)"
  if [ -x "$INTEGRATION" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return 0; fi
  echo "Setting up .venv-$name (once) ..." >&2
  local what=(-e ".[cli,$extras]" pytest pytest-asyncio)
  if [ "$name" = orchestrators ]; then
    what+=("moto[stepfunctions]" statelint httpx)
  fi
  if uv=$(find_uv "$base"); then
    "$uv" venv -q --clear --python "$base" "$ROOT/.venv-$name"
    "$uv" pip install -q --python "$INTEGRATION" --compile-bytecode "${what[@]}"
  else
    "$base" -m venv --clear "$ROOT/.venv-$name"
    "$INTEGRATION" -m pip install -q --disable-pip-version-check "${what[@]}"
  fi
  printf '%s' "$wanted" >"$stamp"
}
