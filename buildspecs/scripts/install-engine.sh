# shellcheck shell=bash
# Puts the engine's path into `engine`. STAGEGATE_ENGINES lists the releases that builds may install, with the SHA-256 of
# their linux_arm64 zips: the digest comes from our configuration, never from the server that the zip comes from. The one
# word `installed` means whatever is on the PATH (the local cloud).

release_url() {
  case $STAGEGATE_ENGINE in
    terraform) echo "https://releases.hashicorp.com/terraform/$1/terraform_$1_linux_arm64.zip" ;;
    tofu) echo "https://github.com/opentofu/opentofu/releases/download/v$1/tofu_$1_linux_arm64.zip" ;;
  esac
}

use_installed_engine() {
  local candidate
  for candidate in "$STAGEGATE_ENGINE" terraform tofu; do
    if engine=$(command -v "$candidate"); then return; fi
  done
  fail "neither $STAGEGATE_ENGINE, terraform nor tofu is on the PATH"
}

# install_engine DIRECTORY
install_engine() {
  local release version digest zip=$1/engine.zip target=$1/engine
  release=$(program engine-release) ||
    fail "$STAGEGATE_ENGINE ${STAGEGATE_ENGINE_VERSION:-(any version)} is not among the engines that builds may install"
  read -r version digest <<<"$release"
  curl --fail --silent --show-error --location --proto '=https' --retry 3 --output "$zip" "$(release_url "$version")" ||
    fail "downloading $STAGEGATE_ENGINE $version from $(release_url "$version")"
  echo "$digest  $zip" | sha256sum --check --status ||
    fail "the download of $STAGEGATE_ENGINE $version does not have the digest $digest"
  unzip -q -o "$zip" "$STAGEGATE_ENGINE" -d "$target"
  rm "$zip"
  engine=$target/$STAGEGATE_ENGINE
}

# ensure_engine DIRECTORY: where to install it, if it has to be.
ensure_engine() {
  if [ "${STAGEGATE_ENGINES:?}" = installed ]; then use_installed_engine; else install_engine "$1"; fi
  export STAGEGATE_ENGINE_BINARY=$engine
}
