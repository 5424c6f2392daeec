import type { CommandOptions } from '../options/schema/option.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import type { ParsedFlags } from '../options/parse/parse-flags.ts';

/** The words a command takes after its name: `completion bash`. */
interface CommandWord {
  /** What stands for it in help: SHELL. */
  readonly placeholder: string;
  /** Empty where it is no word of a closed set: files are completed then. */
  readonly choices: readonly string[];
  /** True when the command also works without it. */
  readonly optional?: boolean;
}

/** A command as far as running it needs. */
export interface RunnableCommand extends CommandOptions {
  readonly word?: CommandWord;
  /** What stands in help for words that are a program and its arguments: they come last, whatever they look like. */
  readonly program?: string;
  /** True when warnings wait until the command tells them, or fails. */
  readonly buffersWarnings?: boolean;
  /**
   * Resolves when all is done and written: to nothing for exit status 0, to another status where that is no error of
   * ours, as that of a program that was run. Throws RolesAnywhereError, whose code makes the exit status.
   *
   * @param reread takes flags, environment and profiles together again, for a process that outlives their change
   */
  run(values: OptionValues, terminal: Terminal, reread?: () => Promise<OptionValues>): Promise<number | void>;
}

/**
 * What a file in commands/ exports, under the command's name in camel case.
 *
 * Help and completion load every command's file: what is heavy is imported inside `run`.
 */
export interface Command extends RunnableCommand {
  /** One line for the list of commands: lower case, no full stop. */
  readonly summary: string;
  /** More for the command's own help: whole sentences. */
  readonly description?: string;
  /** Command lines that work as they stand, once their values are replaced. */
  readonly examples?: readonly string[];
  /** In place of `run`, for a command that tells what is wrong with the options itself: they were not read yet. */
  examine?(flags: ParsedFlags, terminal: Terminal): Promise<number>;
}

/** The process around a command: all of `process` that a command may touch. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /**
   * Writes data, exactly these bytes.
   * @throws RolesAnywhereError OUTPUT_FAILED, also when the reader has gone (EPIPE)
   */
  readonly stdout: (data: string | Uint8Array) => Promise<void>;
  /** Moves stdout out of the reach of libraries that print. `stdout` still writes to it. */
  readonly isolateOutput: () => Promise<void>;
  /** The descriptor that stdout is now: what a program that is run gets for its own. */
  readonly output: () => number;
  /** One line on stderr as it is: a trace, a request log. */
  readonly log: (line: string) => void;
  /** `roles-anywhere: warning: <message>` on stderr, at once or when they are told; lower case, no full stop. */
  readonly warn: (message: string) => void;
  /** Tells the warnings that are waiting, and from now on each at once; to stderr where no other place is given. */
  readonly tellWarnings: (to?: (message: string) => void) => void;
  /** Whether stderr is a terminal, where somebody waits. */
  readonly isWatched: () => boolean;
  /** Asks on the terminal with echo off, never on stdin or stdout. Undefined without a terminal or when they give up. */
  readonly askSecret: (question: string) => Promise<string | undefined>;
  /**
   * Resolves at the first SIGINT, SIGTERM or SIGHUP; from the call on, these no longer end the process, and SIGUSR2
   * does not either.
   *
   * @param onHangUp is called at each SIGHUP instead
   */
  readonly untilStopped: (onHangUp?: () => void) => Promise<void>;
}
