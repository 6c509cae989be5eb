"""Completion of commands, options and files in a shell: a short script without a library, that runs no Python."""

from collections.abc import Iterable

from lth.cli.operands import COMMAND_OPTIONS

SHELLS = ("bash", "zsh")
_BODY = """\
_lth() {
  local word="${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="@COMMANDS@"
  else
    case "${COMP_WORDS[1]}" in
@CASES@
    esac
    case "$word" in -*) ;; *) words="" ;; esac
@VALUES@
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _lth lth
"""
_ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"


def completion_script(shell: str, commands: Iterable[str]) -> str:
    """A script for `source <(lth completion bash)`; where it offers nothing, the shell completes names of files.

    Args:
        shell: one of `SHELLS`; zsh uses its emulation of bash's completion.
        commands: the names of all commands.
    """
    names = [*commands]
    cases = [f'      {name}) words="{" ".join(_options(name))}" ;;' for name in names]
    values = [f'    [ "${{COMP_WORDS[1]}}" = completion ] && words="{" ".join(SHELLS)}"']
    for name in names:
        for option, settings in COMMAND_OPTIONS.get(name, ()):
            if choices := settings.get("choices"):
                test = f'"${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD-1]}}" = "{name} {option}"'
                values.append(f'    [ {test} ] && words="{" ".join(map(str, choices))}"')
    script = _BODY.replace("@COMMANDS@", " ".join([*names, "--version", "--help"]))
    script = script.replace("@CASES@", "\n".join(cases)).replace("@VALUES@", "\n".join(values))
    return (
        f"# Completion of lth in {shell}: source <(lth completion {shell})\n{_ZSH * (shell == 'zsh')}{script}".rstrip()
    )


def _options(command: str) -> list[str]:
    return [word for option, _ in COMMAND_OPTIONS.get(command, ()) for word in option.split()] + ["--help"]
