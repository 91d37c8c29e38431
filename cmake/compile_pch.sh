#!/bin/sh
# Compiles by the command line it is given, and leaves a checksum beside a precompiled header: NAME.pch.sum.
#
# A precompiled header holds absolute paths, so two build trees never have the same one, and ccache, which hashes the
# header for every file that uses it, would share nothing between them. With CCACHE_PCH_EXTSUM it takes this checksum
# instead: of the contents of all that went into the header.
set -e
output= dependencies= previous=
for argument; do
  case $previous in
    -o) output=$argument ;;
    -MF) dependencies=$argument ;;
  esac
  previous=$argument
done
case $output in
  *.pch)
    rm -f "$output.sum"
    "$@"
    # A depfile is "output: file file \", with blanks in names escaped as xargs reads them.
    sed -e '1s/^[^:]*://' -e 's/\\$//' "$dependencies" | xargs sha256sum | cut -d ' ' -f 1 | sha256sum > "$output.sum" ;;
  *) exec "$@" ;;
esac
