# shellcheck shell=bash
# What plan.sh and apply.sh share. Sourced first: checks where the build works, and guarantees that every failure is
# reported as result.json and that nothing secret stays on disk.
set -euo pipefail
umask 077

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # read by plan.sh and apply.sh
lock_timeout=${STAGEGATE_LOCK_TIMEOUT:-5m}

for name in "${STAGEGATE_APPLICATION-}" "${STAGEGATE_ENVIRONMENT-}"; do
  if [[ ! $name =~ ^[A-Za-z0-9][A-Za-z0-9_-]*$ ]]; then
    echo "Error: STAGEGATE_APPLICATION and STAGEGATE_ENVIRONMENT must be plain names, not \"$name\"" >&2
    exit 1
  fi
done
# The same absolute path in the plan and in the apply: plans hold absolute paths, and files are read again at apply.
base=${STAGEGATE_WORK:?}/$STAGEGATE_APPLICATION/$STAGEGATE_ENVIRONMENT
# shellcheck disable=SC2034 # read by plan.sh and apply.sh
directory=$base/tree/${STAGEGATE_DIRECTORY:?}
engine=${STAGEGATE_ENGINE:?}

# The phase that result.json names when something fails.
phase=checkout

# Only the container's role and the environment's own profile may sign; files of whoever runs this do not count.
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1
# What is planned follows from the repository alone.
unset AWS_PROFILE AWS_DEFAULT_PROFILE TF_WORKSPACE TF_DATA_DIR TF_LOG TF_LOG_PATH "${!TF_CLI_ARGS@}" "${!TF_VAR_@}"

program() {
  local name=$1
  shift
  node "$scripts/$name.mjs" "$@"
}

# fail MESSAGE: ends the build; the message becomes that of result.json.
fail() {
  echo "Error: $1" >&2
  echo "$1" >"$base/failure-message"
  exit 1
}

finish() {
  local code=$?
  trap - EXIT
  # A second signal must not cut the report short; the programs inherit this.
  trap '' INT TERM
  if [ "$code" -ne 0 ]; then
    program artifact "$build-failed" "$phase" "$code" || echo 'Error: the failure could not be reported' >&2
    code=1
  fi
  cd /
  rm -rf "$base"
  exit "$code"
}

# begin plan|apply: a clean work directory, and a result whatever happens from here on.
begin() {
  build=$1
  trap finish EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  rm -rf "$base"
  mkdir -p "$base"
}

# The engine's credentials: the environment's role, assumed by provider and backend alike through one profile, so that
# nothing in the team's configuration changes and a long apply gets fresh ones.
write_aws_config() {
  cat >"$base/aws-config" <<CONFIG
[profile stagegate]
role_arn = $STAGEGATE_ROLE_ARN
external_id = $STAGEGATE_EXTERNAL_ID
role_session_name = $STAGEGATE_DEPLOYMENT_ID
credential_source = EcsContainer
region = $STAGEGATE_REGION
CONFIG
}

with_role() {
  env AWS_PROFILE=stagegate AWS_CONFIG_FILE="$base/aws-config" AWS_SDK_LOAD_CONFIG=1 \
    AWS_REGION="$STAGEGATE_REGION" AWS_DEFAULT_REGION="$STAGEGATE_REGION" "$@"
}

# run_engine PHASE ARGUMENT…: one step of the engine; prints addresses and actions, records why it failed.
run_engine() {
  with_role node "$scripts/run-engine.mjs" "$@"
}

# Lines of a file as the array `lines`.
read_lines() {
  lines=()
  local line
  while IFS= read -r line; do lines+=("$line"); done <"$1"
}

# shellcheck source=buildspecs/scripts/install-engine.sh
source "$scripts/install-engine.sh"
