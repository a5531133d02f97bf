# shellcheck shell=bash
# The plan bundle: everything the apply needs and reviewers approve. Equal contents give equal bytes.

# Modules travel along, because their files are read again at apply and a branch may have moved on since the plan.
list_bundle() {
  echo engine.json
  echo backend-arguments
  echo plan.tfplan
  echo variables.tfvars.json
  find tree \( -name .git -o \( -path '*/.terraform/*' ! -path '*/.terraform/modules*' \) \) -prune \
    -o \( -type f -o -type l \) -print
}

# make_bundle BASE FILE. GNU tar and bsdtar name the same wishes differently.
make_bundle() {
  local owner=(--owner=0 --group=0 --numeric-owner --no-recursion)
  if tar --version | grep -q bsdtar; then owner=(--uid 0 --gid 0 --no-recursion --no-xattrs); fi
  (
    cd "$1" || exit
    list_bundle | LC_ALL=C sort >bundle-files
    tr '\n' '\0' <bundle-files | xargs -0 touch -h -t 202001010000
    COPYFILE_DISABLE=1 tar "${owner[@]}" -cf - -T bundle-files | gzip -n >"$2"
    rm bundle-files
  )
}
