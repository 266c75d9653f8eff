#!/usr/bin/env bash
# Removes what the last `make install` in this checkout has installed, below the same DESTDIR: the files that CMake has noted,
# and the folders of Ferry's own that are then empty.
set -euo pipefail
cd "$(dirname "$0")/.."
manifest=build/install_manifest.txt
if [ ! -s "$manifest" ]; then
  echo "uninstall: $manifest is not there: nothing was installed from this checkout, or it is gone; make install with the same" \
    "PREFIX writes it anew" >&2
  exit 1
fi
removed=0
while IFS= read -r file || [ -n "$file" ]; do
  if [ -e "${DESTDIR:-}$file" ] || [ -L "${DESTDIR:-}$file" ]; then
    rm -f -- "${DESTDIR:-}$file"
    removed=$((removed + 1))
  fi
  folder=$(dirname "${DESTDIR:-}$file")
  while [[ $folder == */ferry || $folder == */ferry/luals || $folder == */ferry/luals/ferry ]]; do
    rmdir "$folder" 2>/dev/null || break
    folder=$(dirname "$folder")
  done
done <"$manifest"
echo "uninstall: $removed files removed"
