/**
 * `avio completions SHELL`: a script that makes a shell complete commands and flags. They are taken from the texts in
 * `help.ts`.
 */
import { UsageError } from "./errors.ts";
import { type CommandName, help, topics } from "./help.ts";
import { print } from "./streams.ts";

/** Commands without a help text of their own, with their arguments. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  help: [...Object.keys(help), ...Object.keys(topics)],
  completions: ["bash", "zsh", "fish"],
};

/** The flags in a command's help: `--format`, `-f`. */
function flagsOf(command: CommandName): string[] {
  const found = help[command].matchAll(/^ +(?:(-\w), )?(--[a-z-]+)/gm);
  return [...new Set([...found].flatMap(([, short, long]) => [long!, ...(short ? [short] : [])]))].toSorted();
}

const commands = Object.keys(help) as CommandName[];
const names = [...commands, ...Object.keys(OTHERS)].join(" ");

const bash = () =>
  `\
# avio completions bash >> ~/.local/share/bash-completion/completions/avio
_avio() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=
  if [ "$COMP_CWORD" = 1 ]; then
    words="${names} --help --version"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map((name) => `    ${name}) words="${flagsOf(name).join(" ")}" ;;`).join("\n")}
${Object.entries(OTHERS).map(([name, words]) => `    ${name}) words="${words.join(" ")}" ;;`).join("\n")}
    esac
    case "$word" in
    -*) ;;
    *) case "\${COMP_WORDS[1]}" in help | completions) ;; *) words= ;; esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _avio avio`;

const zsh = () =>
  `\
#compdef avio
# avio completions zsh > "\${fpath[1]}/_avio"
if [ "$CURRENT" = 2 ]; then
  compadd -- ${names} --help --version
else
  case "$words[2]" in
${
    commands.map((name) =>
      `  ${name}) if [[ "$PREFIX" == -* ]]; then compadd -- ${flagsOf(name).join(" ")}; else _files; fi ;;`
    ).join("\n")
  }
${Object.entries(OTHERS).map(([name, words]) => `  ${name}) compadd -- ${words.join(" ")} ;;`).join("\n")}
  esac
fi`;

const fish = () =>
  [
    "# avio completions fish > ~/.config/fish/completions/avio.fish",
    `complete -c avio -n __fish_use_subcommand -f -a "${names}"`,
    ...commands.flatMap((name) =>
      flagsOf(name).map((flag) => {
        const kind = flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        return `complete -c avio -n "__fish_seen_subcommand_from ${name}" ${kind}`;
      })
    ),
    ...Object.entries(OTHERS).map(([name, words]) =>
      `complete -c avio -n "__fish_seen_subcommand_from ${name}" -f -a "${words.join(" ")}"`
    ),
  ].join("\n");

const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** Runs the command. */
export function completions(shell: string): void {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (!script) throw new UsageError(`SHELL: must be one of bash, zsh, fish, is '${shell}'`);
  print(script().split("\n"));
}
