/** docs/doctor.md names every check and every cause that the code knows. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkNames } from '../../src/doctor/report.ts';
import { root } from '../support/command.ts';

const page = readFileSync(join(root, 'docs', 'doctor.md'), 'utf8');
const sources = readdirSync(join(root, 'src', 'doctor')).map((name) =>
  readFileSync(join(root, 'src', 'doctor', name), 'utf8'),
);

test('every check, in its order', () => {
  const rows = [...page.matchAll(/^\| `([a-z][a-z-]+)` \|/gm)].flatMap(([, name]) => name ?? []);
  expect(rows.slice(0, checkNames.length)).toEqual(checkNames);
});

test('every cause of a finding', () => {
  const causes = sources.flatMap((text) =>
    [...text.matchAll(/\b(?:warn|fail)\(\s*'([a-z-]+)'/g)].map(([, cause]) => cause ?? ''),
  );
  expect(causes.length).toBeGreaterThan(20);
  expect(causes.filter((cause) => !page.includes(`\`${cause}\``))).toEqual([]);
});

test('every cause of a refusal', () => {
  const source = readFileSync(join(root, 'src', 'core', 'refusal-name.ts'), 'utf8');
  const names = [...source.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, name]) => name ?? '');
  expect(names).toHaveLength(21);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
