import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { externalDataInterceptor, loadSharedConfigFiles } from '@smithy/shared-ini-file-loader';
import * as fc from '../../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeProfile } from '../../../src/outputs/update/write-profile.ts';
import { parseAwsConfig, parseAwsCredentials } from '../../../src/options/profile/aws-config.ts';
import { resolveProfiles } from '../../../src/options/resolve/resolve-profiles.ts';
import { update } from '../../../src/cli/commands/update/update.ts';
import { needsPython } from '../../support/programs.ts';
import { valuesOf } from '../parse/values.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-botocore-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What botocore makes of files: of a configuration file its profiles, of a credentials file its sections. */
function botocoreReads(kind: 'config' | 'credentials', texts: readonly string[]): Record<string, unknown>[] {
  const program = `
import json, sys
from botocore.configloader import load_config, raw_config_parse
def read(path):
    try:
        return load_config(path)['profiles'] if sys.argv[2] == 'config' else raw_config_parse(path)
    except Exception:
        return {}
print(json.dumps([read(path) for path in json.load(open(sys.argv[1]))]))`;
  const paths = texts.map((text, index) => {
    const path = join(folder, String(index));
    writeFileSync(path, text);
    return path;
  });
  const list = join(folder, 'list');
  writeFileSync(list, JSON.stringify(paths));
  const env = { ...process.env, PYTHONUTF8: '1' };
  const output = execFileSync('python3', ['-c', program, list, kind], { env, maxBuffer: 2 ** 26 }).toString();
  return JSON.parse(output) as Record<string, unknown>[];
}

async function smithyReads(kind: 'config' | 'credentials', text: string): Promise<Record<string, unknown>> {
  externalDataInterceptor.interceptFile('config-of-the-test', kind === 'config' ? text : '');
  externalDataInterceptor.interceptFile('credentials-of-the-test', kind === 'config' ? '' : text);
  const found = await loadSharedConfigFiles({
    configFilepath: 'config-of-the-test',
    filepath: 'credentials-of-the-test',
  });
  return kind === 'config' ? found.configFile : found.credentialsFile;
}

const piece = fc.constantFrom(
  ...[
    'profile',
    'profile ',
    'profile ',
    'services ',
    'default',
    ' ',
    '\t',
    '"',
    "'",
    '\\',
    '#',
    ' #',
    ' ;',
    '[',
    ']',
    '=',
  ],
  ...['on', 'on prem', 'on-prem', 'R&D', 'büro', 'dev(eu)', '"on prem"', "'on prem'", 'a@b', '東京'],
);
const pieces = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(piece, { minLength: 1, maxLength }).map((parts) => parts.join(''));

describe('names of profiles', needsPython('botocore'), () => {
  test.each(['on prem', 'R&D', 'büro', 'dev(eu)', 'a#b', "o'brien"])('%s, however it is quoted', (name) => {
    const headers = [
      `[profile "${name}"]`,
      ...(/['\s]/.test(name) ? [] : [`[profile ${name}]`, `[profile '${name}']`]),
    ];
    for (const text of headers.map((header) => `${header}\na = 1\n`)) {
      expect(botocoreReads('config', [text])).toEqual([{ [name]: { a: '1' } }]);
      expect([...parseAwsConfig(text).profiles.keys()]).toEqual([name]);
    }
  });

  test('in ~/.aws/config: those that botocore finds, and those of the SDK for JavaScript', async () => {
    const headers = fc.sample(pieces(5), { numRuns: 2000, seed: 1 }).map((header) => `[${header}]`);
    const texts = headers.map((header) => `${header}\na = 1\n`);
    const botocore = botocoreReads('config', texts);
    let found = 0;
    for (const [index, text] of texts.entries()) {
      const names = [...Object.keys(botocore[index] ?? {}), ...Object.keys(await smithyReads('config', text))];
      const expected = new Set(names.filter((name) => !name.startsWith('services.')));
      expect([text, new Set(parseAwsConfig(text).profiles.keys())]).toEqual([text, expected]);
      found += expected.size;
    }
    expect(found).toBeGreaterThan(100);
  });

  test('in ~/.aws/credentials: what update takes, botocore finds, and no client finds it elsewhere', async () => {
    const before = '[other]\naws_access_key_id = OTHER\n';
    const credentials = {
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 's',
      sessionToken: 't',
      expiration: new Date('2030-01-01T00:00:00Z'),
    };
    const names: string[] = [];
    for (const name of new Set(fc.sample(pieces(4), { numRuns: 1500, seed: 2 }))) {
      const values = await valuesOf('update', { args: [`--profile=${name}`], rows: update.options });
      try {
        names.push(...resolveProfiles(values));
      } catch {
        continue;
      }
    }
    expect(names).toEqual(expect.arrayContaining(['on prem', 'R&D', 'büro', 'dev(eu)', '東京']));
    const texts = names.map((name) => {
      const { text } = writeProfile(before, name, credentials);
      return Buffer.from(text, 'latin1').toString('utf8');
    });
    const botocore = botocoreReads('credentials', texts);
    for (const [index, name] of names.entries()) {
      const text = texts[index] ?? '';
      const mine = { aws_access_key_id: 'ASIAEXAMPLE' };
      expect([name, botocore[index]]).toEqual([
        name,
        { other: { aws_access_key_id: 'OTHER' }, [name]: expect.objectContaining(mine) },
      ]);
      const { other, ...found } = await smithyReads('credentials', text);
      expect({ ...(other as object) }).toEqual({ aws_access_key_id: 'OTHER' });
      // It finds the profile too, or passes over it.
      expect(Object.keys(found).filter((each) => each !== name)).toEqual([]);
      expect(parseAwsCredentials(text).get(name)?.get('aws_access_key_id')).toBe('ASIAEXAMPLE');
    }
  });
});
