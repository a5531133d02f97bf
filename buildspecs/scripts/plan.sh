#!/usr/bin/env bash
# Plans one environment and uploads the plan bundle: what reviewers approve and apply.sh will apply.
set -euo pipefail
# shellcheck source=buildspecs/scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=buildspecs/scripts/bundle.sh
source "$scripts/bundle.sh"

begin plan

phase=init
ensure_engine "$base"

phase=checkout
program prepare
write_aws_config
cd "$directory"

phase=init
read_lines "$base/backend-arguments"
run_engine init init -input=false -json -lock-timeout="$lock_timeout" ${lines[@]+"${lines[@]}"}

phase=validate
run_engine validate validate -json

phase=plan
mode=()
if [ "$STAGEGATE_OPERATION" = destroy ]; then mode=(-destroy); fi
PLAN_EXIT_CODE=0
run_engine plan plan -input=false -json -detailed-exitcode -lock-timeout="$lock_timeout" -out="$base/plan.tfplan" \
  -var-file="$base/variables.tfvars.json" ${mode[@]+"${mode[@]}"} || PLAN_EXIT_CODE=$?
export PLAN_EXIT_CODE
case $PLAN_EXIT_CODE in
  0) echo 'The plan has no changes.' ;;
  2) echo 'The plan has changes.' ;;
  *) exit 1 ;;
esac

phase=show
with_role "$engine" show -json "$base/plan.tfplan" >"$base/plan.json"

phase=bundle
make_bundle "$base" "$base/bundle.tar.gz"

phase=upload
program artifact plan-succeeded
