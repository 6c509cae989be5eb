#!/usr/bin/env bash
# Start a SLURM of one machine in a folder: munged, slurmctld and two slurmd, of which one node has a (fake) GPU. Needs
# neither root nor systemd, cgroups or a GPU, and leaves a SLURM that the machine may already have alone.
#
#   tests/cluster/slurm/up.sh LAB [PID]   # a new folder; with PID, everything ends when that process does
#   . LAB/env                             # then sbatch, squeue, ... in this shell mean that SLURM
#   tests/cluster/slurm/down.sh LAB
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
lab=$(cd "$1" && pwd)
chmod 755 "$lab"
mkdir "$lab/ctld" "$lab/n1" "$lab/n2" "$lab/bin"
export PATH=$PATH:/usr/sbin:/sbin SLURM_CONF=$lab/slurm.conf

head -c 128 /dev/urandom >"$lab/munge.key"
chmod 400 "$lab/munge.key"
# The digits that end the name of the (fake) device are its number; it has to be a device, not a plain file.
ln -s /dev/null "$lab/fakegpu0"
printf 'AutoDetect=off\nNodeName=n1 Name=gpu File=%s\n' "$lab/fakegpu0" >"$lab/gres.conf"
printf 'CgroupAutomount=no\n' >"$lab/cgroup.conf"
# Three ports that nobody listens to, below those that the machine hands out by itself.
read -r port port1 port2 < <(python3 -c '
import random, socket
free = []
while len(free) < 3:
    try:
        free.append(socket.create_server(("127.0.0.1", random.randrange(20000, 32000))))
    except OSError:
        pass
print(*(s.getsockname()[1] for s in free))')
sed -e "s|@HOST@|$(hostname -s)|g; s|@USER@|$(id -un)|g; s|@LAB@|$lab|g" \
    -e "s|@PORT@|$port|g; s|@PORT1@|$port1|g; s|@PORT2@|$port2|g" "$here/slurm.conf.in" >"$SLURM_CONF"
# The plugin takes SLURM_CONF away before the srun within a job; this one gives it back.
printf '#!/bin/sh\nSLURM_CONF=%q exec %q "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$lab/bin/srun"
chmod +x "$lab/bin/srun"
printf 'export SLURM_CONF=%q PATH=%q:$PATH\n' "$SLURM_CONF" "$lab/bin" >"$lab/env"

setsid python3 "$here/keep.py" "$lab" "${@:2}" >"$lab/keep.log" 2>&1 </dev/null &
echo $! >"$lab/keep.pid"
for _ in $(seq 300); do
    [ "$(sinfo -h -N -p cpu -o %T 2>/dev/null | grep -c idle)" = 2 ] && exit
    sleep .1
done
tail -n 20 "$lab"/*.log
"$here/down.sh" "$lab"
exit 1
