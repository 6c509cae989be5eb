#!/usr/bin/env bash
# Debian's packages for up.sh, as root with apt, and only where that is wanted: in CI (CI is set), or with
# LTH_INSTALL_SLURM=1 (`make test-cluster`). Otherwise says what is missing and how to get it; the tests that need it are
# then skipped, which is no failure.
set -euo pipefail
packages=(slurmctld slurmd slurm-client munge)
skipped="tests on SLURM will be skipped"
wanted() { case "${1:-}" in "" | 0 | false | no) return 1 ;; esac; }

if command -v slurmctld slurmd sbatch munged >/dev/null; then
    exit 0
elif ! wanted "${CI:-}" && ! wanted "${LTH_INSTALL_SLURM:-}"; then
    echo "$skipped: \`make test-cluster\` installs ${packages[*]} (as root on Debian) and runs them"
    exit 0
elif [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$skipped: install ${packages[*]} (only root on Debian and its derivatives can do it here)"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    echo "$skipped: apt-get could not install ${packages[*]}"
