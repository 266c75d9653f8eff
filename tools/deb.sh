#!/usr/bin/env bash
# deb.sh: Debian packages of the last commit in build/deb, by dpkg-buildpackage from the release's tarball, and what lintian says.
# Their version is the project's; needs what packaging/debian/control names.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in dpkg-buildpackage dh; do
  command -v $tool >/dev/null || { echo "deb.sh: no $tool (Debian: build-essential debhelper)" >&2; exit 1; }
done
tools/dist.sh >/dev/null
version=$(sed -n 's/^project(ferry VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
folder=build/deb
rm -rf "$folder"
mkdir -p "$folder"
cp "build/dist/ferry-$version.tar.gz" "$folder/lua-ferry_$version.orig.tar.gz"
tar -xzf "$folder/lua-ferry_$version.orig.tar.gz" -C "$folder"
source=$folder/ferry-$version
cp -r packaging/debian "$source/debian"
# The day of the commit: the same commit makes the same packages.
cat >"$source/debian/changelog" <<END
lua-ferry ($version-1) unstable; urgency=medium

  * Release $version.

 -- The Ferry authors <ferry@localhost>  $(date -R -u -d "@$(git log -1 --format=%ct)")
END
(cd "$source" && dpkg-buildpackage -us -uc ${DEB_FLAGS:-}) >"$folder/log" 2>&1 || { tail -n 30 "$folder/log" | cut -c 1-300; exit 1; }
ls "$folder"/*.deb
# The maintainer has no address here: who uploads gives theirs.
if command -v lintian >/dev/null; then
  lintian --fail-on error --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$folder"/*.changes
fi
