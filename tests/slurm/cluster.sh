#!/usr/bin/env bash
# A throw-away SLURM with accounting and fake GPUs. It says "ready", and ends, with all its jobs, when its input closes.
#   unshare --mount --uts --net --pid --fork --kill-child --mount-proc tests/slurm/cluster.sh
set -euo pipefail
[ $$ = 1 ] || { echo "not in namespaces of its own: it would hide /run and, at the end, kill every process" >&2; exit 1; }
cd "$(dirname "$0")"
trap 'tail -n 5 /run/slurm/*.log 2>/dev/null' ERR

wait_for() {
  local end=$((SECONDS + 30))
  until timeout 10 "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "30 s without success: $*"; return 1; }
    sleep 0.1
  done
}

hostname throwaway
ip link set lo up
# SLURM looks names up for the families of addresses that are not loopback.
ip address add 10.0.0.1/32 dev lo
mount -t tmpfs tmpfs /run
mkdir -p /run/slurm /run/munge /run/mysqld
printf '127.0.0.1 localhost\n10.0.0.1 throwaway\n' >/run/hosts
mount --bind /run/hosts /etc/hosts
# Job steps read the built-in place only.
mount -t tmpfs tmpfs /etc/slurm
cp etc/* /etc/slurm
chmod 600 /etc/slurm/slurmdbd.conf
for gpu in 0 1 2 3 4; do mknod /run/slurm/gpu$gpu c 1 3; done

(umask 077 && head -c 128 /dev/urandom >/run/munge/key)
munged --force --key-file=/run/munge/key --log-file=/run/slurm/munged.log --seed-file=/run/munge/seed

mariadb-install-db --no-defaults --user=root --datadir=/run/mysql --skip-test-db >/run/slurm/mariadb.log 2>&1
mariadbd --no-defaults --user=root --datadir=/run/mysql --skip-networking --innodb-log-file-size=16M >>/run/slurm/mariadb.log 2>&1 &
wait_for mariadb-admin --no-defaults ping
slurmdbd
wait_for sacctmgr list cluster
sacctmgr -iQ add cluster throwaway >/dev/null
sacctmgr -iQ add account users >/dev/null
sacctmgr -iQ add user root account=users >/dev/null

slurmctld
slurmd
wait_for srun --time=1 --mem=50 --gpus=1 true
echo "ready: $(slurmctld -V)"

cat >/dev/null
kill -KILL -1
for _ in {1..50}; do
  find /sys/fs/cgroup -depth -type d -name '*throwaway*' -exec find {} -depth -type d -delete \; 2>/dev/null && break
  sleep 0.1
done
