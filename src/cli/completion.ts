import { DuckhouseError } from '../errors.ts';

/** What a shell needs to ask `duckhouse __complete WORDS…` for candidates. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_duckhouse() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(duckhouse __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _duckhouse duckhouse
`,
  zsh: `#compdef duckhouse
_duckhouse() {
  local found="$(duckhouse __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"
  if [[ -n $found ]]; then
    compadd -- "\${(@f)found}"
  else
    _files
  fi
}
if [[ $funcstack[1] == _duckhouse ]]; then
  _duckhouse "$@"
else
  compdef _duckhouse duckhouse
fi
`,
  fish: `function __duckhouse_candidates
  set -l found (duckhouse __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c duckhouse -f -a '(__duckhouse_candidates)'
`,
  pwsh: `Register-ArgumentCompleter -Native -CommandName duckhouse -ScriptBlock {
  param($word, $ast, $position)
  $words = $ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() }
  duckhouse __complete @words $word 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`,
};

export const completionShells = Object.keys(scripts);

export function completionScript(shell: string): string {
  const script = scripts[shell];
  if (script !== undefined) return script;
  throw new DuckhouseError('InvalidArgument', `no completion for shell "${shell}"`, {
    id: 'shell-unknown',
    context: { shell },
    hint: completionShells.join(', '),
  });
}
