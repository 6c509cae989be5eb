#!/usr/bin/env bash
# Debian's packages for up.sh, where that can be done without asking anybody: as root, with apt. Elsewhere says why not;
# the tests that need them are then skipped, which is no failure.
set -euo pipefail
packages=(slurmctld slurmd slurm-client munge)
if command -v slurmctld slurmd sbatch munged >/dev/null; then
    exit 0
elif [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests of SLURM will be skipped: install ${packages[*]} (only root on Debian and its kin gets them by itself)"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    echo "tests of SLURM will be skipped: apt-get could not install ${packages[*]}"
