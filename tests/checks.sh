# Sourced, in the project's folder: named commands that succeed or do not, counted.
passed=0 failed=0 skipped=0

# record STAGE PASSED FAILED SKIPPED: a line of $FERRY_RESULTS, as tests/run.sh's stages add.
record() { [ -z "${FERRY_RESULTS:-}" ] || printf '%s\t%d\t%d\t%d\n' "$@" >>"$FERRY_RESULTS"; }

# check NAME COMMAND...: its output is shown only if it fails.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1 </dev/null); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $name"
    tail -n 30 <<<"$output" | sed 's/^/  /'
  fi
}

# skip WHAT AND WHY
skip() {
  skipped=$((skipped + 1))
  echo "skipped: $1"
}

# says TEXT COMMAND...: the command prints the text, whatever its exit status.
says() {
  local text=$1 output
  shift
  output=$("$@" 2>&1)
  echo "$output"
  grep -qF -- "$text" <<<"$output"
}
