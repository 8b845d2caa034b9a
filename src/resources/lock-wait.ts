import { quote } from '../core/quote.ts'

/**
 * Shell that waits until nobody holds a lock on any of these files, naming who does: `/proc/locks` tells by inode which process.
 * The file system's device is not compared: overlays show another one there. At the end of its patience it exits with status 1.
 */
export function lockWait(files: readonly string[], seconds: number): string {
  return `clock() { read -r now rest </proc/uptime; now=\${now%%.*}; }
holder() {
  pid='' file=''
  for lock in ${files.map(quote).join(' ')}; do
    [ -e "$lock" ] || continue
    inode=$(stat -c %i -- "$lock")
    while read -r number kind advice access who where rest; do
      [ "$kind" != '->' ] || continue
      case $where in *":$inode") pid=$who file=$lock; return 0 ;; esac
    done </proc/locks
  done
  return 1
}
clock
end=$((now + ${seconds})) told=''
while holder; do
  name=$(tr '\\000' ' ' 2>/dev/null </proc/"$pid"/cmdline) || name='a process we cannot see'
  clock
  if [ "$now" -ge $end ]; then
    printf '%s\\n' "still locked after ${seconds} s: process $pid ($name) holds $file" \\
      "Wait until it is done, or find out why it is not (ps -fp $pid), then run the same command again."
    exit 1
  fi
  [ "$told" = "$pid" ] || printf '%s\\n' "waiting for process $pid ($name), which holds $file"
  told=$pid
  sleep 0.5 2>/dev/null || sleep 1
done`
}
