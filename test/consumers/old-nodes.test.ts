import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { consumerTools, outcomeOf } from './tools.ts';

describe.skipIf(consumerTools === undefined)('a Node that is too old', () => {
  const { project, oldNodes } = consumerTools ?? { project: '', oldNodes: {} };
  const cases = Object.entries(oldNodes).map(([version, node]) => ({ version, node }));
  const sentence = (version: string): string => `roles-anywhere needs Node 20.19 or newer, and this is v${version}`;

  test.each(cases)('is told so by the command, in one line: $version', async ({ version, node }) => {
    const command = join(project, 'node_modules', 'roles-anywhere', 'bin', 'roles-anywhere.cjs');
    const outcome = await outcomeOf([node, command, 'credential-process'], project);
    expect(outcome).toEqual({ status: 2, stdout: '', stderr: `${sentence(version)} (${node})\n` });
  });

  const entries = ['roles-anywhere', 'roles-anywhere/sandbox'];
  const imports = cases.flatMap(({ version, node }) => entries.map((name) => ({ version, node, name })));

  test.each(imports)('is told so by $name: $version', async ({ version, node, name }) => {
    const required = `try { require('${name}'); } catch (error) { console.log(error.message); }`;
    const imported = `import('${name}').catch((error) => console.log(error.message));`;
    for (const [file, program] of Object.entries({ 'old.cjs': required, 'old.mjs': imported })) {
      writeFileSync(join(project, file), program);
      const outcome = await outcomeOf([node, join(project, file)], project);
      expect(outcome).toEqual({ status: 0, stdout: `${sentence(version)}\n`, stderr: '' });
    }
  });
});
