import { writeFileSync } from 'node:fs';
import { askSecret } from '../../../src/cli/terminal/prompt.ts';

/** Asks once, what QUESTION says, and writes the answer to the file that ANSWER names; a missing answer is null. */
async function run(): Promise<void> {
  const answer = await askSecret(process.env['QUESTION'] ?? 'password for the test');
  writeFileSync(process.env['ANSWER'] ?? '', JSON.stringify(answer ?? null));
}

void run();
