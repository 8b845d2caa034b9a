import { quote } from '../core/quote.ts'

/**
 * The words every channel is opened with: constant, so neither script nor secret is in the host's process list, and
 * short, because the login shell (fish, csh, restricted) has to understand them. `read` takes no byte beyond its line.
 */
export const EXEC = `exec sh -c 'IFS= read -r l; eval "$l"'`

/**
 * Run as root with the nonce as $1, a newline as $2 and how it became root as $3. Says hello, on stderr with the nonce
 * alone, then skips everything up to a line with the nonce (a password sudo did not want to read), then takes lines up
 * to the next one: the stage. What follows on stdin is the stage's.
 */
const LOADER = [
  'b=; read -r b 2>/dev/null </proc/sys/kernel/random/boot_id',
  'printf "\\n%s HELLO %s %s %s %s\\n" "$1" "$(id -u)" "$$" "$3" "$b"',
  'printf "\\n%s\\n" "$1" >&2',
  'c=0; s=',
  'while [ $c != 2 ] && IFS= read -r l; do if [ "$l" = "$1" ]; then c=$((c+1)); [ $c = 1 ] && s=; else s="$s$l$2"; fi; done',
  '[ $c = 2 ] && eval "$s"',
].join('; ')

export type BecomePlan =
  | { readonly kind: 'root' }
  /** Find out: root already, else sudo, and with a password when one can be had. */
  | { readonly kind: 'probe'; readonly sudoOnly: boolean; readonly password: boolean }
  | { readonly kind: 'sudo' }
  | { readonly kind: 'sudo with password' }

/** sudo's question; it goes to stderr, where its second appearance means that the password was wrong. */
export const sudoPrompt = (nonce: string): string => `[${nonce}]`

/** The first line sent on a channel. Runs as the user we logged in as. */
export function bootstrapLine(plan: BecomePlan, nonce: string): string {
  const load = `sh -c ${quote(LOADER)} provision ${nonce} "$n"`
  const withPassword = `exec sudo -S -p ${quote(sudoPrompt(nonce))} -- ${load} password`
  const start = `export LC_ALL=C; n=$(printf "\\nx"); n=\${n%x}; `
  switch (plan.kind) {
    case 'root':
      return `${start}exec ${load} root`
    case 'sudo':
      return `${start}exec sudo -n -- ${load} sudo`
    case 'sudo with password':
      return start + withPassword
    case 'probe': {
      const direct = plan.sudoOnly ? '' : `if [ "$(id -u)" = 0 ]; then exec ${load} root; fi; `
      const missing = `command -v sudo >/dev/null 2>&1 || { printf "\\n%s SUDO missing\\n" ${nonce}; exit 1; }; `
      const free = `sudo -n -- ${load} sudo && exit 0; printf "\\n%s SUDO %s\\n" ${nonce} "$?"; `
      return start + direct + missing + free + (plan.password ? withPassword : 'exit 1')
    }
  }
}

/** Lines between two nonce lines. */
export function stageLines(stage: string, nonce: string): string {
  return `${nonce}\n${stage.replace(/\n*$/, '\n')}${nonce}\n`
}

/** What a host must have. Named when missing, all at once. */
export const PREREQUISITES = [
  'sh',
  'cat',
  'stat',
  'sha256sum',
  'base64',
  'flock',
  'timeout',
  'setsid',
  'mkdir',
  'mv',
  'tar',
  'head',
  'tail',
] as const

/**
 * Known state for every script: language, path, umask, no start-up files, and `mark WORD…`, which starts a record.
 * Words must hold no white space; `HELLO`, `SUDO`, `MISSING`, `INPUT` and `END` are ours.
 */
export function prelude(nonce: string): string {
  return [
    'export LC_ALL=C LANG=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'unset ENV BASH_ENV CDPATH LANGUAGE',
    'umask 077',
    'cd /',
    `provision_nonce=${nonce}`,
    `mark() { printf '\\n%s %s\\n' "$provision_nonce" "$*"; }`,
  ].join('\n')
}

/** For the first script of a session. */
export function prerequisites(): string {
  return [
    'missing=',
    `for t in ${PREREQUISITES.join(' ')}; do command -v "$t" >/dev/null 2>&1 || missing="$missing $t"; done`,
    'if [ -n "$missing" ]; then mark MISSING $missing; exit 1; fi',
  ].join('\n')
}

/**
 * Takes a whole script from stdin and runs it in a subshell, so that a syntax error, `exit` or `cd` in it stays inside
 * and the trailer is always written. Its last line proves that nothing is missing: a cut link ends stdin like a real
 * end does.
 */
export function runStage(nonce: string): string {
  return [
    'provision_script=$(cat)',
    `case $provision_script in *'\n# ${nonce}') ;; *) exit 1 ;; esac`,
    '( eval "$provision_script" ) </dev/null',
    'mark END $?',
  ].join('\n')
}

/**
 * The same for a script that is spoken with while it runs: it stands in the stage itself, so that stdin, behind it, is the
 * script's own. The mark INPUT says that it is: until then sudo may still be reading.
 */
export function dialogueStage(script: string): string {
  return `mark INPUT\n( eval ${quote(script)} )\nmark END $?`
}

export const runBody = (script: string, nonce: string): string => `${script}\n# ${nonce}\n`

/**
 * `safe_dir PATH` makes a folder only root can enter, or refuses: no symlink, nobody else's folder. Its parent must be
 * root's own (`/run`, `/var/lib`), so nobody can swap it between the checks and the use.
 */
export const SAFE_DIR = `safe_dir() {
  mkdir -m 0700 "$1" 2>/dev/null
  if [ -L "$1" ] || [ ! -d "$1" ]; then printf '%s is not a folder of its own\\n' "$1" >&2; return 1; fi
  case $(stat -c '%u %a' "$1") in
    '0 700') ;;
    '0 '*) chmod 0700 "$1" ;;
    *) printf '%s belongs to somebody else than root\\n' "$1" >&2; return 1 ;;
  esac
}`
