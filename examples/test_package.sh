#!/bin/sh
# test_package.sh BUILD EXAMPLES COMPILER: installs libp2p from BUILD to a folder of its own, builds the echo example
# against it as somebody else would, and lets two of them talk.
set -eu
build=$1 examples=$2 compiler=$3
work=$(mktemp -d)
listener=
trap 'test -z "$listener" || kill "$listener" 2>/dev/null || true; rm -rf "$work"' EXIT

cmake --install "$build" --component libp2p --prefix "$work/prefix" >"$work/install.log"
cmake -S "$examples" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/prefix" \
  >"$work/configure.log"
cmake --build "$work/build" --target echo

"$work/build/echo" >"$work/addresses" &
listener=$!
tries=0
while ! test -s "$work/addresses"; do
  tries=$((tries + 1))
  test "$tries" -le 300 || { echo "echo doesn't listen" >&2; exit 1; }
  sleep 0.1
done
answer=$("$work/build/echo" "$(head -n 1 "$work/addresses")" "from an installed library")
test "$answer" = "from an installed library"
kill "$listener"
wait "$listener"
listener=
echo "ok: $answer"
