import { EXIT, InputError } from '../core/errors.ts'
import { completions } from './complete.ts'
import { describe } from './page.ts'
import type { Verb } from './verb.ts'

/** Shells ask us for every word; what they need in between is short. */
const SCRIPTS = {
  bash: `# provision completion for bash:  provision completion bash > /etc/bash_completion.d/provision
_provision() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(provision complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -o nosort -F _provision provision
`,
  zsh: `#compdef provision
# provision completion for zsh:  provision completion zsh > ~/.zfunc/_provision, with ~/.zfunc in fpath
_provision() {
  local -a found
  found=("\${(@f)$(provision complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found} )) && [[ -n \${found[1]} ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _provision provision
`,
  fish: `# provision completion for fish:  provision completion fish > ~/.config/fish/completions/provision.fish
complete -c provision -a '(provision complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
} as const

export const completionVerb: Verb = ({ program, world, exit }) => {
  const command = program.command('completion').argument('<SHELL>', 'bash, zsh or fish')
  command.action((shell: string) => {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell as keyof typeof SCRIPTS] : undefined
    if (script === undefined) {
      throw new InputError({
        what: `there is no completion for ${JSON.stringify(shell)}`,
        where: 'the command line',
        fix: `choose from: ${Object.keys(SCRIPTS).join(', ')}`,
      })
    }
    world.stdout.write(script)
    exit(EXIT.ok)
  })
  return describe(command, {
    summary: 'print a completion script for a shell',
    description: [
      'Completes verbs and options, and from the inventory on the command line: hosts, groups and sections.',
    ],
    examples: [
      ['source <(provision completion bash)', 'for this shell'],
      ['provision completion zsh > ~/.zfunc/_provision', 'for zsh, with ~/.zfunc in fpath'],
      ['provision completion fish > ~/.config/fish/completions/provision.fish', 'for fish'],
    ],
  })
}

/** What the scripts call. */
export const completeVerb: Verb = ({ program, world, parts, exit }) =>
  program
    .command('complete [WORDS...]', { hidden: true })
    .description('What could stand in place of the last word: one answer a line.')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: readonly string[]) => {
      const found = await completions(program, { world, parts, words })
      world.stdout.write(found.map((word) => `${word}\n`).join(''))
      exit(EXIT.ok)
    })
