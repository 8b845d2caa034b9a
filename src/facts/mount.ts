/**
 * Shell function `resolve PATH`: sets `resolved` to PATH, or to the nearest folder above it that exists, without links.
 * No fork. Changes the current folder.
 */
export const RESOLVE_PATH = `resolve() {
resolved=$1
while [ ! -d "$resolved" ]; do
case $resolved in */*) resolved=\${resolved%/*} ;; *) resolved= ;; esac
[ -n "$resolved" ] || resolved=/
done
cd -P -- "$resolved" 2>/dev/null && resolved=$PWD
}`

/**
 * Shell function `mount_of FOLDER`: sets `mount_device` (`MAJOR:MINOR`), `mount_point`, `mount_type` and `mount_source` of
 * the file system a resolved folder lies on (proc_pid_mountinfo(5)). One fork: a node's mount table is long and a shell reads
 * byte by byte, so grep picks the lines whose fifth field is a folder above ours, or one that its pattern takes for it. Of
 * two mounts at one place the later one is in sight.
 */
export const MOUNT_OF = `mount_of() {
mount_device= mount_point= mount_type= mount_source=
above=$1
names=
case $above in
*['[]*^$\\']*) names='[^ ]*' ;;
*)
while [ -n "$above" ] && [ "$above" != / ]; do
names="$names|$above"
above=\${above%/*}
done
;;
esac
table=$(grep -E -e "^([^ ]+ ){4}(/$names) " /proc/self/mountinfo)
while read -r id parent device root point options; do
case "\${1%/}/" in "\${point%/}/"*) ;; *) continue ;; esac
[ \${#point} -ge \${#mount_point} ] || continue
options=\${options#* - }
mount_device=$device mount_point=$point mount_type=\${options%% *}
options=\${options#* }
mount_source=\${options%% *}
done <<TABLE
$table
TABLE
}`
