#!/usr/bin/env bash
# End what up.sh has started in a folder, and wait for it.
pid=$(cat "$1/keep.pid")
kill "$pid" 2>/dev/null
while [ -d "/proc/$pid" ]; do sleep .1; done
