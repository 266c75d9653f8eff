#!/bin/sh
# debian-source.sh SUITE PACKAGE DEST [SHA256]
# Unpacks the upstream source of a Debian package (e.g. `sid lua5.5`) into DEST, through an apt configuration of its own:
# the system's package lists are not touched. The mirror is the one that the system already uses. With SHA256, only a
# tarball that has it is unpacked.
set -eu
[ $# -ge 3 ] || { echo "usage: debian-source.sh SUITE PACKAGE DEST [SHA256]" >&2; exit 2; }
suite=$1 package=$2 dest=$3 sha256=${4:-}
command -v apt-get >/dev/null || { echo "debian-source.sh: no apt-get here" >&2; exit 1; }
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
[ -n "$mirror" ] || { echo "debian-source.sh: no Debian mirror in this system's apt sources" >&2; exit 1; }
mkdir -p "$dest"; dest=$(cd "$dest" && pwd)
apt=$(mktemp -d); trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb-src [signed-by=$keyring] $mirror $suite main" > "$apt/sources.list"
private="-o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=/dev/null \
 -o Dir::State::lists=$apt/lists -o Dir::Cache=$apt/cache -o APT::Sandbox::User=root \
 -o Acquire::Retries=1 -o Acquire::http::Timeout=20"
# shellcheck disable=SC2086
(cd "$apt" && apt-get -q $private update && apt-get -q $private source --tar-only "$package") >"$apt/log" 2>&1 || {
    echo "debian-source.sh: $package of $suite cannot be fetched: $(grep '^E:' "$apt/log" | head -n 1)" >&2
    exit 1
}
for tarball in "$apt"/*.orig.tar.*; do
    sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)
    if [ -n "$sha256" ] && [ "$sum" != "$sha256" ]; then
        echo "debian-source.sh: ${tarball##*/} has sha256 $sum, not $sha256" >&2
        exit 1
    fi
    tar -xf "$tarball" -C "$dest" --strip-components=1
done
