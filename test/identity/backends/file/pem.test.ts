import { describe, expect, test } from 'vitest';
import { decodePem, isPem, pemBlocks, pemHeaders } from '../../../../src/identity/backends/file/pem.ts';
import { Problem } from '../../../../src/identity/problem.ts';

const content = Buffer.from('some bytes, enough of them for two lines of base64 at least', 'utf8');
const base64 = content.toString('base64').replace(/.{64}/g, '$&\n');
const block = (label: string, body = base64): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

function problemOf(call: () => unknown): Problem {
  try {
    call();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const decoded = (text: string | Buffer): readonly (readonly [string, string])[] =>
  pemBlocks(Buffer.from(text)).map((found) => [found.label, decodePem(found).toString()] as const);

const one = [['CERTIFICATE', content.toString()]];

describe('a block is found', () => {
  test.each([
    ['alone', block('CERTIFICATE')],
    ['without a line break at the end', block('CERTIFICATE').trimEnd()],
    ['with CR LF', block('CERTIFICATE').replaceAll('\n', '\r\n')],
    ['with CR alone', block('CERTIFICATE').replaceAll('\n', '\r')],
    ['with text around it', `subject=CN = leaf\n\n${block('CERTIFICATE')}\nsome words - with dashes ---\n`],
    ['with a text that only mentions it', `see -----BEGIN CERTIFICATE----- below\n${block('CERTIFICATE')}`],
    ['with a byte order mark', `\u{FEFF}${block('CERTIFICATE')}`],
    ['indented', block('CERTIFICATE').replaceAll(/^/gm, '    ')],
    ['in one long line of base64', block('CERTIFICATE', content.toString('base64'))],
    ['with trailing spaces', block('CERTIFICATE').replaceAll('\n', '  \n')],
    ['with empty lines', block('CERTIFICATE').replaceAll('\n', '\n\n')],
    ['after dashes', `-----------\n-----\n${block('CERTIFICATE')}`],
  ])('%s', (_, text) => {
    expect(isPem(Buffer.from(text))).toBe(true);
    expect(decoded(text)).toEqual(one);
  });

  test('several, in their order', () => {
    const text = `${block('CERTIFICATE')}text\n${block('PRIVATE KEY')}${block('CERTIFICATE')}`;
    expect(decoded(text).map(([label]) => label)).toEqual(['CERTIFICATE', 'PRIVATE KEY', 'CERTIFICATE']);
    expect(pemBlocks(Buffer.from(text)).map(({ line }) => line)).toEqual([1, 6, 10]);
  });

  test('when files were joined without a line break', () => {
    const text = `${block('CERTIFICATE').trimEnd()}${block('PRIVATE KEY')}`;
    expect(decoded(text).map(([label]) => label)).toEqual(['CERTIFICATE', 'PRIVATE KEY']);
  });

  test('with its armour as a view', () => {
    const bytes = Buffer.from(`text\n${block('PRIVATE KEY')}`);
    const [found] = pemBlocks(bytes);
    expect(found?.armoured.toString()).toBe(block('PRIVATE KEY').trimEnd());
    expect(found?.armoured.buffer).toBe(bytes.buffer);
  });
});

describe('headers', () => {
  const text = block('RSA PRIVATE KEY', `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233\n\n${base64}`);

  test.each([text, text.replaceAll('\n', '\r\n')])('are read, and are no base64', (given) => {
    const [found] = pemBlocks(Buffer.from(given));
    if (found === undefined) throw new Error('no block');
    expect([...pemHeaders(found)]).toEqual([
      ['Proc-Type', '4,ENCRYPTED'],
      ['DEK-Info', 'AES-256-CBC,00112233'],
    ]);
    expect(decodePem(found)).toEqual(content);
  });
});

describe('damage is named', () => {
  test.each([
    ['no END line', `text\n${block('CERTIFICATE').split('-----END')[0]}`, 2],
    ['another END line', block('CERTIFICATE').replace('END CERTIFICATE', 'END CERT'), 1],
    ['another block before the END line', `${block('CERTIFICATE').split('-----END')[0]}${block('CERTIFICATE')}`, 1],
  ])('%s', (_, text, line) => {
    const { message } = problemOf(() => decoded(text));
    expect(message).toBe(`is damaged: the block CERTIFICATE in line ${line} has no line -----END CERTIFICATE-----`);
  });

  test.each([
    ['a character that is not base64', base64.replace('a', '!')],
    ['a missing character', base64.slice(0, -1)],
    ['text behind the padding', `${Buffer.from('x').toString('base64')}${base64}`],
    ['nothing', ''],
  ])('%s', (_, body) => {
    const problem = problemOf(() => decoded(`\n\n${block('CERTIFICATE', body)}`));
    expect(problem.message).toBe('is damaged: the block CERTIFICATE in line 3 is not base64');
  });
});

describe('what is no PEM', () => {
  test.each([
    ['DER', Buffer.from('3082010a02', 'hex')],
    ['DER that holds PEM', Buffer.concat([Buffer.from('308201', 'hex'), Buffer.from(block('CERTIFICATE'))])],
    ['text', Buffer.from('hello')],
    ['nothing', Buffer.of()],
  ])('%s', (_, bytes) => {
    expect(isPem(bytes)).toBe(false);
  });

  test('lines that only look like the beginning of a block', () => {
    const long = `-----BEGIN ${'x'.repeat(70)}-----\n`;
    expect(decoded(`${long}-----BEGIN \n-----BEGIN x\n${block('CERTIFICATE')}`)).toEqual(one);
    expect(pemBlocks(Buffer.from('-----BEGIN '))).toEqual([]);
  });
});
