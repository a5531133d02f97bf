#!/usr/bin/env bash
# Applies exactly the approved plan bundle, once.
set -euo pipefail
# shellcheck source=buildspecs/scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

begin apply

phase=started
program artifact apply-start

phase=digest
tar --no-same-owner -xzf "$base/bundle.tar.gz" -C "$base"
rm "$base/bundle.tar.gz"

phase=init
ensure_engine "$base"
write_aws_config
cd "$directory"
read_lines "$base/backend-arguments"
run_engine init init -input=false -json -lockfile=readonly -lock-timeout="$lock_timeout" ${lines[@]+"${lines[@]}"}

phase=apply
run_engine apply apply -input=false -json -lock-timeout="$lock_timeout" "$base/plan.tfplan"

phase=outputs
with_role "$engine" output -json >"$base/outputs.json"
# What is left in the state is worth knowing and no reason to fail: everything was applied.
with_role "$engine" show -json >"$base/state.json" || rm -f "$base/state.json"

phase=upload
program artifact apply-succeeded
