import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from '../../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeProfile } from '../../../src/outputs/update/write-profile.ts';
import { needsPython } from '../../support/programs.ts';
import { canReadByBotocore, readByBotocore, readByJavaScript } from '../../support/shared-credentials.ts';
import { thrownBy } from '../../support/thrown.ts';

const credentials = {
  accessKeyId: 'ASIANEW',
  secretAccessKey: 'new/secret+1=',
  sessionToken: 'new/token==',
  expiration: new Date('2026-01-15T13:34:56Z'),
};
const [id, secret, token] = [
  'aws_access_key_id = ASIANEW',
  'aws_secret_access_key = new/secret+1=',
  'aws_session_token = new/token==',
];
const block = `${id}\n${secret}\n${token}\n`;
const old = 'aws_access_key_id = OLD\naws_secret_access_key = old\naws_session_token = oldtoken\n';
const ours = [credentials.accessKeyId, credentials.secretAccessKey, credentials.sessionToken] as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-write-profile-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Before and after, for the profile `default`. */
const changes: Record<string, readonly [string, string]> = {
  'an empty file': ['', `[default]\n${block}`],
  'keys where they are': [`[default]\n${old}`, `[default]\n${block}`],
  'order, blanks and unknown keys': [
    '[default]\nregion=eu-west-1\naws_session_token=oldtoken\n\naws_secret_access_key   =old\noutput = json\naws_access_key_id= OLD\n',
    '[default]\nregion=eu-west-1\naws_session_token=new/token==\n\naws_secret_access_key   =new/secret+1=\noutput = json\naws_access_key_id= ASIANEW\n',
  ],
  comments: [
    `# top\n; other\n[default] # mine\n# about the keys\n${old}# end\n`,
    `# top\n; other\n[default] # mine\n# about the keys\n${block}# end\n`,
  ],
  'a comment behind a value': [
    '[default]\naws_access_key_id = OLD # of Bob\naws_secret_access_key = old ; secret\naws_session_token = # none\n',
    `[default]\n# of Bob\n${id}\n; secret\n${secret}\n# none\n${token}\n`,
  ],
  'other profiles before and behind': [
    `[a]\n${old}\n[default]\n${old}\n[b]\n${old}`,
    `[a]\n${old}\n[default]\n${block}\n[b]\n${old}`,
  ],
  'a profile that is not there yet': [`[a]\n${old}`, `[a]\n${old}\n[default]\n${block}`],
  'a profile that is not there yet, behind a blank line': [`[a]\n${old}\n`, `[a]\n${old}\n[default]\n${block}`],
  'a missing last newline, in our profile': [`[default]\n${old.trimEnd()}`, `[default]\n${block.trimEnd()}`],
  'a missing last newline, in another': [`[a]\nregion = x`, `[a]\nregion = x\n\n[default]\n${block}`],
  'a last line that is no key of ours': [`[default]\n${old}region = eu`, `[default]\n${block}region = eu`],
  'a header as the last line': ['[a]\nx = 1\n[default]', `[a]\nx = 1\n[default]\n${block}`],
  CRLF: [
    `[default]\n${old}region = eu\n`.replaceAll('\n', '\r\n'),
    `[default]\n${block}region = eu\n`.replaceAll('\n', '\r\n'),
  ],
  'CRLF, in a new profile': [
    '[a]\r\nx = 1\r\n',
    `[a]\n x = 1\n\n[default]\n${block}`.replaceAll('\n ', '\n').replaceAll('\n', '\r\n'),
  ],
  'keys that are indented': [
    `[default]\n  aws_access_key_id = OLD\n  aws_secret_access_key = old\n  region = eu\n`,
    `[default]\n  ${id}\n  ${secret}\n  ${token}\n  region = eu\n`,
  ],
  tabs: [
    '[default]\n\taws_access_key_id\t=\tOLD\n',
    `[default]\n\taws_access_key_id\t=\tASIANEW\n\t${secret}\n\t${token}\n`,
  ],
  'a header with blanks': [`[ default ]\n${old}`, `[default]\n${block}`],
  'a header with blanks and a comment, indented': [`  [\tdefault ]  # x\n${old}`, `[default]  # x\n${block}`],
  'a header like ours that begins otherwise': [`[default2]\n${old}`, `[default2]\n${old}\n[default]\n${block}`],
  'only some of the keys': [
    '[default]\naws_access_key_id = OLD\nregion = eu\n',
    `[default]\n${id}\n${secret}\n${token}\nregion = eu\n`,
  ],
  'none of the keys': ['[default]\nregion = eu\n', `[default]\n${block}region = eu\n`],
  'none of the keys, where the others are indented': [
    '[default]\n\n   region = eu\n',
    `[default]\n   ${id}\n   ${secret}\n   ${token}\n\n   region = eu\n`,
  ],
  'keys of another case, and with a colon': [
    '[default]\nAWS_ACCESS_KEY_ID: OLD\nAws_Secret_Access_Key = old\n',
    `[default]\n${id.replace(' =', '=')}\n${secret}\n${token}\n`,
  ],
  'the old name of the token': [
    '[default]\naws_security_token = oldtoken\n',
    `[default]\naws_security_token = new/token==\n${id}\n${secret}\n${token}\n`,
  ],
  'a key that is there twice': [`[default]\n${old}${old}x = 1\n`, `[default]\n${block}x = 1\n`],
  'keys that were appended to indented ones': [
    `[default]\n  aws_access_key_id = OLD\n  aws_secret_access_key = old\n${old}`,
    `[default]\n  ${id}\n  ${secret}\n${token}\n`,
  ],
  'a section that is there twice, once with nothing but keys': [
    `[default]\nregion = eu\n\n[default]\n${old}`,
    `[default]\n${block}region = eu\n\n`,
  ],
  'keys indented each deeper than the one before': [
    '[default]\naws_access_key_id = OLD\n  aws_secret_access_key = old\n    aws_session_token = x\n',
    `[default]\n${block}`,
  ],
  'keys of a group': [
    '[default]\ns3 =\n  aws_access_key_id = group\n',
    `[default]\n${block}s3 =\n  aws_access_key_id = group\n`,
  ],
  'a group that only one reader sees': [
    '[default]\n  s3 =\n  aws_access_key_id = OLD\n',
    `[default]\n  ${id}\n  ${secret}\n  ${token}\n  s3 =\n`,
  ],
  'what is indented below a key that moves, with a key above': [
    '[default]\ncli_pager =\naws_access_key_id = OLD\n  output = json\n',
    `[default]\n${block}cli_pager =\noutput = json\n`,
  ],
  'the same, where it sets nothing, or what is set elsewhere': [
    '[default]\nregion = eu\naws_session_token = x\n  more of it\n    region = us\n',
    `[default]\n${block}region = eu\n# more of it\n# region = us\n`,
  ],
  'what is indented below a key that moves, with nothing above': [
    '[default]\naws_access_key_id = OLD\n  output = json\n',
    `[default]\n  ${id}\n  ${secret}\n  ${token}\n  output = json\n`,
  ],
  'a line of a hundred thousand characters': [
    `[default]\nlong = ${'x'.repeat(100_000)}\n${old}[b]\n${old}`,
    `[default]\nlong = ${'x'.repeat(100_000)}\n${block}[b]\n${old}`,
  ],
};

const cases = Object.entries(changes).map(([name, [before, after]]) => ({ name, before, after }));

describe('what it makes of', () => {
  test.each(cases)('$name', ({ before, after }) => {
    const { text, warnings } = writeProfile(before, 'default', credentials);
    expect(text).toBe(after);
    expect(warnings).toEqual([]);
    expect(writeProfile(text, 'default', credentials).text).toBe(text);
  });
});

describe('what clients read of it', needsPython('botocore'), () => {
  test('botocore and the SDK for JavaScript, of every case', async () => {
    const paths = cases.map(({ before }, index) => {
      const path = join(folder, `case-${index}`);
      writeFileSync(path, writeProfile(before, 'default', credentials).text, 'latin1');
      return path;
    });
    const found = readByBotocore(paths.map((path) => [path, 'default']));
    expect(cases.map(({ name }, index) => [name, found[index]])).toEqual(cases.map(({ name }) => [name, ours]));
    for (const [index, path] of paths.entries()) {
      expect([cases[index]?.name, await readByJavaScript(path, 'default')]).toEqual([cases[index]?.name, ours]);
    }
  });
});

/** Lines as people, programs and accidents write them. */
const line = fc
  .record({
    indent: fc.constantFrom('', '', '', '', '', '', ' ', '  ', '    ', '\t'),
    body: fc.constantFrom(
      ...['[default]', '[default]', '[ default ]', '[a]', '[a] # c', '[b]', '# comment', '; comment', '', ''],
      ...['aws_access_key_id = OLD', 'aws_secret_access_key=old # c', 'aws_session_token = oldtoken'],
      ...[
        'aws_security_token = older',
        'AWS_ACCESS_KEY_ID : OLD',
        'aws_session_token =',
        'aws_secret_access_key : old',
      ],
      ...['region = eu', 's3 =', 'x = 1', 'y: 2 = 3', 'z = # nothing'],
    ),
    end: fc.constantFrom('\n', '\n', '\n', '\r\n'),
  })
  .map(({ indent, body, end }) => indent + body + end);
const soup = fc.array(line, { maxLength: 14 }).map((lines) => lines.join(''));

describe('whatever the file looks like', needsPython('botocore'), () => {
  const samples = fc.sample(soup, { numRuns: 600, seed: 11 });
  const results = samples.map((sample) => writeProfile(sample, 'default', credentials));

  const written = (name: string, texts: readonly string[]) =>
    texts.map((text, index) => {
      const path = join(folder, `${name}-${index}`);
      writeFileSync(path, text, 'latin1');
      return path;
    });

  test('botocore reads the credentials of each file that it can read', () => {
    // A line that is indented may be more of a value above, and hide what would be an error on its own.
    const isPlain = samples.map((sample) => !/^[ \t]+[^ \t\r\n;#]/m.test(sample));
    const couldRead = canReadByBotocore(written('before', samples)).map((could, index) => could && isPlain[index]);
    const paths = written(
      'after',
      results.map(({ text }) => text),
    );
    const canRead = canReadByBotocore(paths);
    const found = readByBotocore(paths.map((path) => [path, 'default']));
    const wrong = samples.flatMap((before, index) =>
      (canRead[index] && JSON.stringify(found[index]) !== JSON.stringify(ours)) || (couldRead[index] && !canRead[index])
        ? [{ before, after: results[index]?.text, found: found[index], can: canRead[index] }]
        : [],
    );
    expect(wrong).toEqual([]);
    // Most of the soup is not what Python's reader takes; enough of it has to be.
    expect(canRead.filter(Boolean).length).toBeGreaterThan(150);
    expect(couldRead.filter(Boolean).length).toBeLessThan(canRead.filter(Boolean).length);
  });

  test('the SDK for JavaScript reads the credentials of each file', async () => {
    const paths = written(
      'js',
      results.map(({ text }) => text),
    );
    const wrong: unknown[] = [];
    for (const [index, path] of paths.entries()) {
      const found = await readByJavaScript(path, 'default');
      if (JSON.stringify(found) !== JSON.stringify(ours))
        wrong.push({ before: samples[index], after: results[index]?.text });
    }
    expect(wrong).toEqual([]);
  });

  test('a second time changes nothing, where all can read the file', () => {
    const canRead = canReadByBotocore(
      written(
        'again',
        results.map(({ text }) => text),
      ),
    );
    for (const { text } of results.filter((_, index) => canRead[index])) {
      expect(writeProfile(text, 'default', credentials).text).toBe(text);
    }
  });

  test('no line goes, comes or changes but headers of ours and lines with our keys', () => {
    const others = (text: string) =>
      text
        .split(/\r?\n/)
        // What hung from a key that goes stands for itself, or is a comment.
        .map((each) => each.trim().replace(/^# (?=region|s3|[xyz])/, ''))
        .filter((each) => each !== '' && !/default|aws_|^\s*[;#]/i.test(each))
        .join('\n');
    for (const [index, { text }] of results.entries()) expect(others(text)).toBe(others(samples[index] ?? ''));
    const blanksAndComments = (text: string) =>
      text.split('\n').filter((each) => /^\s*(# comment|; comment)?\r?$/.test(each));
    for (const [index, { text }] of results.entries()) {
      const before = blanksAndComments(samples[index] ?? '').length;
      expect([before, before + 1]).toContain(blanksAndComments(text).length);
    }
  });
});

describe('bytes', () => {
  const bytes = (text: string) => Buffer.from(text).toString('latin1');

  test('that are no UTF-8 stay', () => {
    const before = `[default]\nnote = \u00FF\u00FE\u0000\u0085\u00A0\n${old}\u00A0[x]\n`;
    expect(writeProfile(before, 'default', credentials).text).toBe(before.replace(old, block));
  });

  test('a profile name is UTF-8', () => {
    const before = bytes(`[ключ]\n${old}[b]\n${old}`);
    expect(writeProfile(before, 'ключ', credentials).text).toBe(bytes(`[ключ]\n${block}[b]\n${old}`));
  });

  test('a byte order mark stays, and is told of', () => {
    const before = bytes(`\uFEFF[default]\n${old}`);
    const { text, warnings } = writeProfile(before, 'default', credentials);
    expect(text).toBe(bytes(`\uFEFF[default]\n${block}`));
    expect(warnings).toEqual(['it begins with a byte order mark, with which the AWS CLI and boto3 cannot read it']);
  });
});

test('a section that is there twice with other keys in both stays so, and is told of', () => {
  const before = `[default]\n${old}x = 1\n[a]\ny = 2\n[default]\n${old}region = eu\n`;
  const { text, warnings } = writeProfile(before, 'default', credentials);
  expect(text).toBe(`[default]\n${block}x = 1\n[a]\ny = 2\n[default]\nregion = eu\n`);
  expect(warnings).toEqual(['it has more than one section [default], with which the AWS CLI and boto3 cannot read it']);
});

test.each(['a b', '#a', ';a', 'a\nb', 'ключ', '\0'])('no file holds the secret %j', (secretAccessKey) => {
  const error = thrownBy(() => writeProfile('', 'default', { ...credentials, secretAccessKey }));
  expect(error.code).toBe('RESPONSE_INVALID');
  expect(error.message).toContain('aws_secret_access_key');
});
