"""A Dockerfile as the builder reads it: stages, their instructions, and variables put in where they are known.

The format (directives, continued lines, JSON and shell forms, flags, heredocs) and the substitution of variables are
read by `e2b-dockerfile-utils`, a port of the engine's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from e2b_dockerfile_utils import (
    DockerfileInstruction,
    DockerfileSyntaxError,
    ShellLex,
    parse_dockerfile_ast,
)

EXPANDED_LIMIT = 32 * 1024
"""Characters of a value once its variables are put in; a few lines can double it with each."""

_SUBSTITUTED = frozenset(
    {"ADD", "ARG", "COPY", "ENV", "EXPOSE", "FROM", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
"""Instructions in whose arguments the builder replaces variables; the others leave it to a shell."""
_PATTERN = re.compile(r"\$\{\w+[#%/]")


class DockerfileError(ValueError):
    """A text that is no Dockerfile. The message names the line."""


@dataclass(frozen=True)
class Instruction:
    """One instruction of a stage."""

    name: str
    """In capitals."""
    line: int
    text: str
    """As it is written, continued lines joined."""
    flags: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """With the variables that are known."""
    unknown: frozenset[str] = frozenset()
    """Variables in them that are set nowhere in the recipe: nobody can tell what they are."""
    json: bool = False
    heredoc: bool = False


@dataclass(frozen=True)
class Stage:
    """What stands between a FROM and the next."""

    start: Instruction
    base: str
    """Name of an image, or of an earlier stage; empty where the recipe does not tell."""
    name: str
    """In small letters; empty where it has none."""
    parent: Stage | None
    """The earlier stage that it goes on from."""
    instructions: tuple[Instruction, ...]

    def all_instructions(self) -> tuple[Instruction, ...]:
        """Return the instructions of the stages that it goes on from, then its own."""
        return (*(self.parent.all_instructions() if self.parent else ()), *self.instructions)


class _Variables(dict[str, str]):
    """Variables by name; remembers what was asked for and is not there."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.missing: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        if key not in self:
            self.missing.add(key)
        return super().get(key, default)


@dataclass
class _Open:
    """A stage that is being read."""

    start: Instruction
    base: str
    name: str
    parent: Stage | None
    environment: dict[str, str]
    """Variables of ENV; they come before those of ARG, and go on into the stages that are built on this one."""
    arguments: dict[str, str] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def values(self) -> dict[str, str]:
        return {**self.arguments, **self.environment}

    def close(self) -> Stage:
        return Stage(self.start, self.base, self.name, self.parent, tuple(self.instructions))


def read_dockerfile(text: str, arguments: dict[str, str]) -> list[Stage]:
    """Return the stages of a recipe in their order.

    Args:
        text: The recipe.
        arguments: Values that are given to `ARG`s from outside.

    Raises:
        DockerfileError: Not the format, or a text whose substitution takes no end.
    """
    try:
        ast = parse_dockerfile_ast(text)
    except RecursionError as error:
        raise DockerfileError("its brackets are nested too deeply") from error
    except (DockerfileSyntaxError, ValueError) as error:
        raise DockerfileError(str(error)) from error
    lex = _Lex(ast.escape_token)
    stages: list[Stage] = []
    scopes: dict[str, dict[str, str]] = {}
    outer: dict[str, str] = {}
    now: _Open | None = None
    for found in ast.instructions:
        if found.name == "FROM":
            stages += [now.close()] if now else []
            now = _start(lex.expand(found, outer), stages, scopes)
            scopes[now.name or str(len(stages))] = now.environment
            continue
        said = lex.expand(found, now.values if now else outer)
        if found.name == "ARG":
            _declare(said, now.arguments if now else outer, outer, arguments)
        elif found.name == "ENV" and now:
            now.environment.update(zip(said.arguments[::3], said.arguments[1::3], strict=False))
        if now:
            now.instructions.append(said)
        elif found.name != "ARG":
            raise DockerfileError(f"line {found.start_line}: {found.name} stands before the first FROM")
    return stages + ([now.close()] if now else [])


class _Lex:
    """Puts variables in."""

    def __init__(self, escape: str) -> None:
        self._escape = escape

    def expand(self, found: DockerfileInstruction, values: dict[str, str]) -> Instruction:
        variables = _Variables(values)
        substituted = found.name in _SUBSTITUTED
        take = (lambda word: self.word(word, variables, found.start_line)) if substituted else str
        return Instruction(
            name=found.name,
            line=found.start_line,
            text=found.original,
            flags=tuple(map(take, found.flags)),
            arguments=tuple(map(take, found.args)),
            unknown=frozenset(variables.missing),
            json=found.json,
            heredoc=bool(found.heredocs),
        )

    def word(self, word: str, variables: _Variables, line: int) -> str:
        if _PATTERN.search(word):
            raise DockerfileError(
                f"line {line}: a variable is cut by a pattern (${{X#…}}); write the value out"
            )
        try:
            shown = ShellLex(self._escape, env=variables, skip_unset_env=False).process_word(word)
        except ValueError as error:
            raise DockerfileError(f"line {line}: {error}") from error
        if len(shown) > EXPANDED_LIMIT:
            raise DockerfileError(
                f"line {line}: its variables make more than {EXPANDED_LIMIT} characters of it"
            )
        return shown


def _start(said: Instruction, stages: list[Stage], scopes: dict[str, dict[str, str]]) -> _Open:
    words = said.arguments
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise DockerfileError(f"line {said.line}: expected FROM image, or FROM image AS name")
    base = words[0]
    parent = next((stage for stage in reversed(stages) if stage.name and stage.name == base.lower()), None)
    inherited = scopes[parent.name] if parent else {}
    return _Open(said, base, words[2].lower() if len(words) == 3 else "", parent, dict(inherited))


def _declare(
    said: Instruction, values: dict[str, str], outer: dict[str, str], arguments: dict[str, str]
) -> None:
    """Take in an ARG: what is given from outside, else its default, else that of an ARG before the first FROM.

    The last ARG of a name counts, as in the engine; its words, names included, are read with what was set before it.
    """
    for word in said.arguments:
        name, sign, default = word.partition("=")
        value = arguments.get(name, default if sign else outer.get(name))
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value


def words_of(instruction: Instruction) -> Iterator[str]:
    """Yield everything that an instruction says, once as it is written and once with variables."""
    yield instruction.text
    yield from instruction.flags
    yield from instruction.arguments
