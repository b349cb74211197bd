"""`tipd completion`: scripts for bash, zsh and fish, made out of the parser itself."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import Any

from tipd.errors import EXIT_DONE

SHELLS = ("bash", "zsh", "fish")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    parser = subparsers.add_parser(
        "completion",
        help="print a completion script for a shell",
        description="Print a completion script: source <(tipd completion bash).",
    )
    parser.add_argument("shell", choices=SHELLS)


@dataclass(frozen=True, slots=True)
class Words:
    """What may stand after some words: options (those with a value apart), verbs with their help, choices."""

    path: tuple[str, ...]
    flags: dict[str, str] = field(default_factory=dict)
    valued: dict[str, str] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    verbs: dict[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


def run(args: argparse.Namespace) -> int:
    """Print the script; needs no daemon."""
    from tipd.cli.main import parser

    tree = list(words_of(parser(), ()))
    print({"bash": bash, "zsh": zsh, "fish": fish}[args.shell](tree), end="")
    return EXIT_DONE


def words_of(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> list[Words]:
    """Return what may follow, for this parser and all below it."""
    flags: dict[str, str] = {}
    valued: dict[str, str] = {}
    files: set[str] = set()
    verbs: dict[str, str] = {}
    choices: list[str] = []
    inner: list[Words] = []
    for action in parser._actions:  # argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):
            verbs = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for verb, below in action.choices.items():
                inner += words_of(below, (*path, verb))
        elif action.option_strings:
            into = flags if action.nargs == 0 else valued
            about = (action.help or "").replace("%(default)s", str(action.default))
            into.update(dict.fromkeys(action.option_strings, about))
            if action.type is not None and action.type is not int:
                files.update(action.option_strings)
        elif action.choices:
            choices += [str(choice) for choice in action.choices]
    return [Words(path, flags, valued, frozenset(files), verbs, tuple(choices)), *inner]


def bash(tree: list[Words]) -> str:
    """Return the script for bash: the verb is found by leaving out options and their values."""
    valued = "|".join(sorted({option for words in tree for option in words.valued}))
    files = "|".join(sorted({option for words in tree for option in words.files}))
    verbs = "|".join(" ".join(words.path).replace(" ", "\\ ") for words in tree if words.path)
    cases = "\n".join(
        f'        "{" ".join(words.path)}") COMPREPLY=($(compgen -W "{_all(words)}" -- "$word")) ;;' for words in tree
    )
    return f"""# bash completion for tipd: source <(tipd completion bash)
_tipd() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" path="" next at
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
        {files}) COMPREPLY=($(compgen -f -- "$word")); return ;;
        {valued}) return ;;
    esac
    for ((at = 1; at < COMP_CWORD; at++)); do
        case "${{COMP_WORDS[at]}}" in
            {valued}) ((at++)) ;;
            -*) ;;
            *)
                next="${{path:+$path }}${{COMP_WORDS[at]}}"
                case "$next" in
                    {verbs}) path="$next" ;;
                esac
                ;;
        esac
    done
    case "$path" in
{cases}
    esac
    [[ ${{#COMPREPLY[@]}} -gt 0 || "$word" == -* ]] || COMPREPLY=($(compgen -f -- "$word"))
}}
complete -F _tipd tipd
"""


def _all(words: Words) -> str:
    return " ".join([*words.verbs, *words.choices, *words.flags, *words.valued])


def zsh(tree: list[Words]) -> str:
    """Return the script for zsh, which understands bash's."""
    head = "#compdef tipd\n# zsh completion for tipd: source <(tipd completion zsh)\n"
    return f"{head}autoload -U +X bashcompinit && bashcompinit\n{bash(tree)}"


def fish(tree: list[Words]) -> str:
    """Return the script for fish, with the help beside each word."""
    lines = ["# fish completion for tipd: tipd completion fish | source", "complete -c tipd -f"]
    top = tree[0]
    for words in tree:
        where = _fish_condition(words.path, [*words.verbs])
        for verb, about in words.verbs.items():
            lines.append(f"complete -c tipd -n {_quoted(where)} -a {verb} -d {_quoted(about)}")
        for choice in words.choices:
            lines.append(f"complete -c tipd -n {_quoted(where)} -a {choice}")
        for option, about in (words.flags | words.valued).items():
            if words is top or option not in top.flags | top.valued:
                lines.append(_fish_option(option, about, words, _fish_condition(words.path, ())))
    return "\n".join(lines) + "\n"


def _fish_condition(path: tuple[str, ...], verbs: list[str] | tuple[()]) -> str:
    seen = [f"__fish_seen_subcommand_from {verb}" for verb in path]
    unseen = [f"not __fish_seen_subcommand_from {' '.join(verbs)}"] if verbs else []
    return "; and ".join([*seen, *unseen]) or "true"


def _fish_option(option: str, about: str, words: Words, where: str) -> str:
    name = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
    value = " -r -F" if option in words.files else " -x" if option in words.valued else ""
    condition = "" if where == "true" else f" -n {_quoted(where)}"
    return f"complete -c tipd{condition} {name}{value} -d {_quoted(about)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
