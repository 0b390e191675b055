"""What can stand where on the command line, as a table, and the table as a script for each shell.

    path       the verbs so far: ``, `host`, `host show`, `ec2 describe-security-groups`
    words      the verbs that may follow
    options    the names of options
    values     of an option that takes one: its kind
    places     the kinds of the words by their place; the last one is repeated if the verb takes many

A kind is `:a,b` for fixed words, `file`, or a name that `ringwall completion --names KIND` answers with what the server
has. Those names are other people's words: only what is one plain word to every shell is offered by name, all else by
its id, and no shell ever evaluates a candidate.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringwall.cli.ec2 import arguments as ec2
from ringwall.cli.ec2.parser import NOTHING, Option
from ringwall.client.model import COMMANDS, WAITERS

from .explained import EXPLAINED
from .rules import WELL_KNOWN, WORDS

SHELLS: Final = ("bash", "zsh", "fish")
NAMES: Final = ("groups", "group-ids", "hosts", "peers", "things")
"""The kinds that the server is asked for."""

_TRAFFIC: Final = ":" + ",".join((*WELL_KNOWN, "tcp/22", "tcp/443", "udp/53", "icmp", "icmpv6", "all"))
_WAY: Final = ":" + ",".join(WORDS)
_RULE: Final = ("groups", _TRAFFIC, _WAY, "peers")
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "allow": _RULE,
    "blame": ("groups",),
    "close": (_TRAFFIC,),
    "completion": (":" + ",".join(SHELLS),),
    "explain": (":" + ",".join(sorted(EXPLAINED)),),
    "host attach": ("hosts",),
    "host detach": ("hosts",),
    "host enforce": ("hosts",),
    "host observe": ("hosts",),
    "host remove": ("hosts",),
    "host show": ("hosts",),
    "list": ("groups",),
    "log": ("things",),
    "policy put": ("", "file"),
    "revoke": _RULE,
    "show": ("things",),
}
_OPTION_KINDS: Final[Mapping[str, str]] = {
    "--except": "peers", "--from": "peers", "--group": "groups", "--to": "peers",
    "--group-id": "group-ids", "--group-ids": "group-ids", "--group-name": "groups", "--group-names": "groups",
    "--groups": "group-ids", "--source-group": "groups", "--ca-bundle": "file",
}  # fmt: skip
_FILES: Final = frozenset({"FILE", "PEM", "DIR", "PATH"})


@dataclass(frozen=True, slots=True)
class Node:
    """What may follow a path. is_many: whether the last place may be filled again."""

    path: str
    words: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] = ()
    is_many: bool = False


def nodes(whole: argparse.ArgumentParser) -> list[Node]:
    """Every path of the command line, those of `ringwall ec2` included."""
    return [*_below(whole, ""), *_of_ec2()]


def _below(parser: argparse.ArgumentParser, path: str) -> Iterator[Node]:
    words: list[str] = []
    options: list[str] = []
    values: list[tuple[str, str]] = []
    many = False
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                words.append(name)
                if name != "ec2" or path:
                    yield from _below(below, f"{path} {name}".strip())
        elif action.option_strings:
            options += [each for each in action.option_strings if each.startswith("--")]
            if action.nargs != 0:
                values += [(each, _kind(action, each)) for each in action.option_strings]
        else:
            many = many or action.nargs in ("+", "*")
    yield Node(path, tuple(words), tuple(options), tuple(values), _PLACES.get(path, ()), many)


def _kind(action: argparse.Action, name: str) -> str:
    """The kind of an option's value; empty where nothing can be offered."""
    if action.choices:
        return ":" + ",".join(map(str, action.choices))
    if action.type is Path or action.metavar in _FILES:
        return "file"
    return _OPTION_KINDS.get(name, "")


def _of_ec2() -> Iterator[Node]:
    yield Node("ec2", (*sorted(COMMANDS), "wait", "help"), *_ec2_options([]))
    yield Node("ec2 wait", tuple(sorted(WAITERS)), *_ec2_options([]))
    for command, operation in COMMANDS.items():
        yield Node(f"ec2 {command}", ("help",), *_ec2_options(ec2.options(operation)))
    for waiter in WAITERS:
        yield Node(f"ec2 wait {waiter}", (), *_ec2_options([]))


def _ec2_options(own: list[Option]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    every = [*own, *ec2.GLOBAL_OPTIONS]
    values = [(each.name, _ec2_kind(each)) for each in every if each.takes != NOTHING]
    return tuple(dict.fromkeys(each.name for each in every)), tuple(values)


def _ec2_kind(option: Option) -> str:
    return ":" + ",".join(option.choices) if option.choices else _OPTION_KINDS.get(option.name, "")


# --- The scripts ---


def script(shell: str, whole: argparse.ArgumentParser) -> str:
    """The completion script of a shell."""
    table = nodes(whole)
    paths = [node.path for node in table if node.path]
    if shell == "fish":
        return _FISH.replace("@CASES@", "\n".join(map(_fish_case, table))).replace("@PATHS@", _fish_list(paths))
    cases = "\n".join(map(_case, table))
    known = "|".join(f"'{path}'" for path in paths)
    return {"bash": _BASH, "zsh": _ZSH}[shell].replace("@CASES@", cases).replace("@PATHS@", known)


def _case(node: Node) -> str:
    """A node in the words of bash and zsh. Nothing in it is anybody else's."""
    values = "".join(f" {name}={kind}" for name, kind in node.values)
    places = " ".join(kind or "-" for kind in node.places)
    return (
        f"    '{node.path}') below='{' '.join(node.words)}' options='{' '.join(node.options)}' "
        f"values='{values} ' places='{places}' many={int(node.is_many)} ;;"
    )


def _fish_case(node: Node) -> str:
    return (
        f"        case '{node.path}'\n"
        f"            set -g __ringwall_words {_fish_list(node.words)}\n"
        f"            set -g __ringwall_options {_fish_list(node.options)}\n"
        f"            set -g __ringwall_values {_fish_list(f'{name}={kind}' for name, kind in node.values)}\n"
        f"            set -g __ringwall_places {_fish_list(kind or '-' for kind in node.places)}\n"
        f"            set -g __ringwall_many {int(node.is_many)}"
    )


def _fish_list(words: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


_BASH: Final = r"""# Completion of ringwall for bash. To have it: source <(ringwall completion bash)

_ringwall_node() {
    case $1 in
@CASES@
    *) below='' options='' values=' ' places='' many=0 ;;
    esac
}

_ringwall_is_path() {
    case $1 in
    @PATHS@) return 0 ;;
    esac
    return 1
}

# Candidates are compared and kept as they are; compgen -W would evaluate them.
_ringwall_offer() {
    local word
    while IFS= read -r word; do
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$word")
    done
}

_ringwall_kind() {
    case $1 in
    '' | -) ;;
    file) compopt -o filenames 2>/dev/null; _ringwall_offer < <(compgen -f -- "$cur") ;;
    :*) local all=${1#:}; _ringwall_offer <<<"${all//,/$'\n'}" ;;
    *) _ringwall_offer < <(command "${COMP_WORDS[0]}" completion --names "$1" 2>/dev/null </dev/null) ;;
    esac
}

_ringwall() {
    local cur=${COMP_WORDS[COMP_CWORD]} path='' below options values places many
    local index word before='' place=0 kind rest
    COMPREPLY=()
    _ringwall_node ''
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ $word == = ]]; then
            continue
        elif [[ $values == *" $before="* && -n $before ]]; then
            before=''
        elif [[ $word == -* ]]; then
            before=$word
        elif ((place == 0)) && _ringwall_is_path "${path:+$path }$word"; then
            path=${path:+$path }$word before=''
            _ringwall_node "$path"
        else
            before='' place=$((place + 1))
        fi
    done
    [[ $cur == = ]] && cur=''
    if [[ -n $before && $values == *" $before="* ]]; then
        rest=${values#*" $before="}
        _ringwall_kind "${rest%% *}"
    elif [[ $cur == -* ]]; then
        _ringwall_offer <<<"${options// /$'\n'}"
    else
        ((place == 0)) && _ringwall_offer <<<"${below// /$'\n'}"
        local -a kinds
        read -r -a kinds <<<"$places"
        ((many && place >= ${#kinds[@]} && ${#kinds[@]} == 1)) && place=0
        _ringwall_kind "${kinds[place]}"
    fi
}

complete -F _ringwall ringwall
"""

_ZSH: Final = r"""#compdef ringwall
# Completion of ringwall for zsh. To have it: source <(ringwall completion zsh), after compinit.

_ringwall_node() {
    case $1 in
@CASES@
    *) below='' options='' values=' ' places='' many=0 ;;
    esac
}

_ringwall_is_path() {
    case $1 in
    @PATHS@) return 0 ;;
    esac
    return 1
}

_ringwall_kind() {
    local -a found
    case $1 in
    ''|-) return ;;
    file) _files; return ;;
    :*) found=(${(s:,:)${1#:}}) ;;
    *) found=(${(f)"$(command $program completion --names $1 2>/dev/null </dev/null)"}) ;;
    esac
    compadd -a found
}

_ringwall() {
    local -a line found kinds
    line=("${words[@]}")
    local program=$line[1] cur=$line[CURRENT]
    () {
        local below options values places many path_ word before='' rest
        integer index place=0
        path_=''
        _ringwall_node ''
        for ((index = 2; index < CURRENT; index++)); do
            word=$line[index]
            if [[ -n $before && $values == *" $before="* ]]; then
                before=''
            elif [[ $word == -* ]]; then
                before=$word
            elif (( place == 0 )) && _ringwall_is_path "${path_:+$path_ }$word"; then
                path_="${path_:+$path_ }$word" before=''
                _ringwall_node "$path_"
            else
                before='' place=$(( place + 1 ))
            fi
        done
        if [[ -n $before && $values == *" $before="* ]]; then
            rest=${values#*" $before="}
            _ringwall_kind "${rest%% *}"
        elif [[ $cur == -* ]]; then
            found=(${(s: :)options})
            compadd -a found
        else
            if (( place == 0 )); then
                found=(${(s: :)below})
                compadd -a found
            fi
            kinds=(${(s: :)places})
            (( many && place >= $#kinds && $#kinds == 1 )) && place=0
            (( place < $#kinds )) && _ringwall_kind "$kinds[place+1]"
        fi
    }
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _ringwall "$@"
else
    compdef _ringwall ringwall
fi
"""

_FISH: Final = r"""# Completion of ringwall for fish. To have it: ringwall completion fish | source

set -g __ringwall_paths @PATHS@

function __ringwall_node
    switch $argv[1]
@CASES@
        case '*'
            set -g __ringwall_words
            set -g __ringwall_options
            set -g __ringwall_values
            set -g __ringwall_places
            set -g __ringwall_many 0
    end
end

function __ringwall_kind
    switch $argv[1]
        case '' -
        case file
            __fish_complete_path (commandline -ct)
        case ':*'
            string split , -- (string sub -s 2 -- $argv[1])
        case '*'
            command ringwall completion --names $argv[1] 2>/dev/null </dev/null
    end
end

function __ringwall_value
    for each in $__ringwall_values
        if string match -q -- "$argv[1]=*" "$each"
            string replace -- "$argv[1]=" '' "$each"
            return 0
        end
    end
    return 1
end

function __ringwall_complete
    set -l line (commandline -opc)
    set -l cur (commandline -ct)
    set -l path ''
    set -l before ''
    set -l place 0
    __ringwall_node ''
    for word in $line[2..-1]
        if test -n "$before"; and __ringwall_value $before >/dev/null
            set before ''
        else if string match -q -- '-*' $word
            set before $word
        else if test $place -eq 0; and contains -- (string trim -- "$path $word") $__ringwall_paths
            set path (string trim -- "$path $word")
            set before ''
            __ringwall_node $path
        else
            set before ''
            set place (math $place + 1)
        end
    end
    if test -n "$before"; and set -l kind (__ringwall_value $before)
        __ringwall_kind "$kind"
    else if string match -q -- '-*' "$cur"
        string join \n -- $__ringwall_options
    else
        test $place -eq 0; and string join \n -- $__ringwall_words
        set -l count (count $__ringwall_places)
        if test $__ringwall_many -eq 1 -a $place -ge $count -a $count -eq 1
            set place 0
        end
        test $place -lt $count; and __ringwall_kind $__ringwall_places[(math $place + 1)]
    end
end

complete -c ringwall -f -a '(__ringwall_complete)'
"""
