#!/usr/bin/env bash
# dist.sh [ADDRESS]: the release of the last commit in build/dist: ferry-VERSION.tar.gz, the same bytes for the same commit, and
# ferry-VERSION-1.rockspec. ADDRESS is where the tarball will be found; left out, the rockspec names the file beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^project(ferry VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
[ -n "$version" ] || { echo "dist.sh: no version in CMakeLists.txt" >&2; exit 1; }
name=ferry-$version
folder=build/dist
mkdir -p "$folder"
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "dist.sh: changes that are not committed are left out" >&2
# gzip -n: no time of packing. git archive takes all times from the commit.
git archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$folder/$name.tar.gz.new"
mv "$folder/$name.tar.gz.new" "$folder/$name.tar.gz"
sum=$(md5sum "$folder/$name.tar.gz")
address=${1:-"file://$PWD/$folder/$name.tar.gz"}
sed -e "s|^version = .*|version = \"$version-1\"|" \
  -e '/^-- `luarocks make`/,/^-- (tools/d' \
  -e "s|^   url = .*|   url = \"$address\",\n   md5 = \"${sum%% *}\",\n   dir = \"$name\",|" \
  ferry-scm-1.rockspec >"$folder/$name-1.rockspec"
echo "$folder/$name.tar.gz"
echo "$folder/$name-1.rockspec"
