# What try-in-chroot and try-package share: a fresh Debian 12 in a folder, and commands in it. To be sourced.
# The network of the chroot is the host's: its package sources, resolv.conf, its own CA certificates, the
# settings of its apt, npm, pip and Go, and the variables that carry proxies and certificates.

# shellcheck shell=bash
readonly PROXIES='https?_proxy|HTTPS?_PROXY|(no|all)_proxy|(NO|ALL)_PROXY'
readonly CERTIFICATES='[A-Z0-9_]*CA_(BUNDLE|CERTS)|SSL_CERT_(FILE|DIR)|PIP_CERT'
readonly REGISTRIES='GO(NO)?(PROXY|SUMDB)|PIP_(EXTRA_)?INDEX_URL|(NPM_CONFIG|npm_config)_.*'

# make_base <folder> <packages>: made once, and copied for each use.
make_base() {
  local base=$1 packages=$2 mirror
  command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
  # shellcheck disable=SC2016 # apt-get expands it
  mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' \
    'Codename: bookworm' 'Component: main' | sed -n 1p)
  rm -rf "$base.part"
  echo "making $base"
  # Without a source for bookworm on this machine, debootstrap takes its own.
  debootstrap --variant=minbase --include="$packages" bookworm "$base.part" ${mirror:+"$mirror"} \
    >"$base.log" 2>&1 || die "debootstrap failed: see $base.log"
  mv "$base.part" "$base"
}

# What the host says about its network, and nothing else of it.
copy_network_settings() {
  local root=$1 file
  local files=(/etc/resolv.conf /etc/hosts /etc/npmrc /etc/pip.conf)
  files+=("$HOME/.npmrc" "$HOME/.config/pip/pip.conf")
  for file in "${files[@]}"; do
    [[ -f $file ]] || continue
    local target=${file/#$HOME/\/root}
    mkdir -p "$root${target%/*}"
    grep -v '^nodedir' "$file" >"$root$target" || true # that is a path of the host
  done
  apt-config dump | grep -E '^Acquire::(https?|Check-[A-Za-z-]*|ForceIPv[46])( |::)' \
    >"$root/etc/apt/apt.conf.d/99host" || true
  if [[ -d /usr/local/share/ca-certificates ]]; then
    cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
    chroot "$root" update-ca-certificates >/dev/null 2>&1
  fi
}

host_environment() {
  env | grep -E "^($PROXIES|$CERTIFICATES|$REGISTRIES)=" || true
  if command -v go >/dev/null; then
    go env GOPROXY GOSUMDB | paste -sd ' ' | sed -E 's/^(\S+) (\S+)$/GOPROXY=\1\nGOSUMDB=\2/'
  fi
}

# run_inside <root> <folder> <command...>: by bash, in <folder> below <root>.
run_inside() {
  local root=$1 folder=$2 variables=()
  shift 2
  mapfile -t variables < <(host_environment)
  # Own namespaces: whatever the command leaves mounted or running goes away with them.
  # shellcheck disable=SC2016 # the inner shell expands them
  unshare --mount --pid --fork --kill-child bash -c '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
    try "$root" "${variables[@]}" bash -c "cd $folder && $*"
}
