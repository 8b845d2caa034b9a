const FOLDER = '/etc/kubernetes'
const KUBELET_FOLDER = '/var/lib/kubelet'

/**
 * Shell that defines `torn`, which lists the files a power cut left empty, and `mend_torn`, which takes them away: kubeadm and the
 * kubelet write without fsync and never an empty file, and end with an error at one they find (the kubelet: "missing content for
 * serving cert", "could not restore state from checkpoint"). What is made or fetched as a pair goes as a pair. The kubelet's
 * half-written files are those with a dot.
 */
export function tornFiles(folder = FOLDER, kubelet = KUBELET_FOLDER): string {
  return `torn() {
  find ${folder} -xdev \\( -path ${folder}/provision -o -path '${folder}/pki.torn-*' \\) -prune -o -type f -size 0 -print
  for f in ${kubelet}/*_state ${kubelet}/*.yaml ${kubelet}/*.env ${kubelet}/pki/*; do
    [ ! -f "$f" ] || [ -h "$f" ] || [ -s "$f" ] || printf '%s\\n' "$f"
  done
}
mend_torn() {
  torn | while read -r file; do
    printf '%s is empty, as a power cut leaves it: taken away, to be made again\\n' "$file"
    case $file in
    */pki/*) rm -f "$file" "\${file%.*}.crt" "\${file%.*}.key" "\${file%.*}.pub" ;;
    *) rm -f "$file" ;;
    esac
  done
}`
}

/**
 * Shell that defines `mend_torn_first` for the node that makes all keys: without an authority's key nothing that it signed is of
 * use. It is put aside, not deleted: somebody may know better.
 */
export function tornAuthority(folder = FOLDER, kubelet = KUBELET_FOLDER): string {
  return `mend_torn_first() {
  case $(torn) in
  *ca.crt* | *ca.key* | */pki/sa.*)
    aside=${folder}/pki.torn-$(date +%s)
    printf 'keys of an authority are empty, as a power cut leaves them: all that it signed is put aside in %s and made again\\n' "$aside"
    mkdir "$aside" && mv ${folder}/pki "$aside/" || return
    for file in ${folder}/*.conf; do [ ! -e "$file" ] || mv "$file" "$aside/"; done
    rm -f ${kubelet}/pki/kubelet-client-* ;;
  esac
  mend_torn
}`
}

/** Shell: what kubeadm wrote outlives a power cut from here on. */
export const KEEP_FILES = `sync -f ${FOLDER} ${KUBELET_FOLDER}`
