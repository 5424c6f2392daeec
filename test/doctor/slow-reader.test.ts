/** The report on a stdout whose reader is slow, or has gone. */
import { expect, test } from 'vitest';
import { doctorCommand } from '../../src/cli/commands/doctor/doctor.ts';
import { runDoctor } from '../../src/cli/commands/doctor/run-doctor.ts';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { parseFlags } from '../../src/options/parse/parse-flags.ts';
import { fakeTerminal } from '../cli/terminal/fake-terminal.ts';

const call = { command: doctorCommand, flags: parseFlags(['--offline'], doctorCommand.options, false) };
const env = { HOME: '/nonexistent', PATH: '/nonexistent' };

test('nothing is written before what comes before it has been taken', async () => {
  let [writing, most, count] = [0, 0, 0];
  const stdout = async (): Promise<void> => {
    writing += 1;
    count += 1;
    most = Math.max(most, writing);
    await new Promise(setImmediate);
    writing -= 1;
  };
  await runDoctor(call, { ...fakeTerminal(env), stdout });
  expect(count).toBeGreaterThan(5);
  expect({ most, writing }).toEqual({ most: 1, writing: 0 });
});

test('a reader that has gone ends it with the error that says so', async () => {
  const gone = new RolesAnywhereError('OUTPUT_FAILED', 'cannot write to stdout: its reader has gone');
  const stdout = (): Promise<void> => Promise.reject(gone);
  await expect(runDoctor(call, { ...fakeTerminal(env), stdout })).rejects.toBe(gone);
});
