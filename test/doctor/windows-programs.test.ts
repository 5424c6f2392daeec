import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type * as Os from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkAwsCli } from '../../src/doctor/check-clients.ts';
import type { Examination } from '../../src/doctor/examination.ts';
import { findProgram } from '../../src/doctor/find-program.ts';

vi.mock('node:os', async (load) => ({ ...(await load<typeof Os>()), platform: () => 'win32' }));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor on windows-'));
  for (const name of ['roles-anywhere.exe', 'aws.cmd', 'tool.v2.exe']) writeFileSync(join(folder, name), '');
  // In the place of cmd.exe.
  writeFileSync(join(folder, 'shell'), '#!/bin/sh\necho "aws-cli/2.17.1 $*"\n');
  chmodSync(join(folder, 'shell'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = () => ({ Path: folder, PATHEXT: '.exe;.cmd', COMSPEC: join(folder, 'shell') });

/** Of the examination the check reads no more than that. */
const lookAtCli = async (more: object = {}): Promise<readonly string[]> => {
  const context = { environment: { ...environment(), ...more }, offline: false };
  const findings = await checkAwsCli.run({ context } as unknown as Examination);
  return findings.map(({ message }) => message);
};

describe('on Windows', () => {
  test.each([
    ['roles-anywhere.exe', 'roles-anywhere.exe'],
    ['roles-anywhere', 'roles-anywhere.exe'],
    ['tool.v2', 'tool.v2.exe'],
    ['aws', 'aws.cmd'],
  ])('%s is found on the PATH, and by its path', (name, file) => {
    expect(findProgram(name, environment())).toBe(join(folder, file));
    expect(findProgram(join(folder, name), { PATHEXT: '.exe;.cmd' })).toBe(join(folder, file));
  });

  test('a program that is not there is not found', () => {
    expect(findProgram('absent.exe', environment())).toBeUndefined();
    expect(findProgram('roles-anywhere.exe', { Path: '' })).toBeUndefined();
  });

  test('a CLI that is a batch file is asked for its version by cmd.exe', async () => {
    expect(await lookAtCli()).toEqual([`${join(folder, 'aws.cmd')}, version 2.17.1`]);
  });

  test.each([
    ['fails', { COMSPEC: join(tmpdir(), 'absent') }],
    ['is refused by Node at once', { HOME: 'a\0b' }],
  ])('one whose start %s has a version that is not known', async (_, more) => {
    expect(await lookAtCli(more)).toEqual([`${join(folder, 'aws.cmd')} does not tell its version`]);
  });
});
