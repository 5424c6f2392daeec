import type { Terminal } from '../../../src/cli/command.ts';

export interface FakeTerminal extends Terminal {
  /** What was written to stdout, as text. */
  written(): string;
  /** What was written to stderr, a line each. */
  readonly lines: readonly string[];
}

/** A terminal that remembers, with nobody in front of it. */
export function fakeTerminal(env: Record<string, string> = {}): FakeTerminal {
  const chunks: Uint8Array[] = [];
  const lines: string[] = [];
  return {
    env,
    lines,
    written: () => Buffer.concat(chunks).toString('utf8'),
    now: () => new Date(),
    stdout: async (data) => {
      chunks.push(typeof data === 'string' ? Buffer.from(data) : data);
    },
    log: (line) => lines.push(line),
    warn: (message) => lines.push(`roles-anywhere: warning: ${message}`),
    tellWarnings: () => undefined,
    isWatched: () => false,
    isolateOutput: async () => undefined,
    output: () => 1,
    askSecret: async () => undefined,
    untilStopped: async () => undefined,
  };
}
