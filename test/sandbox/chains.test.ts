/** Which chains lead to which anchors, through the whole sandbox. The rules one by one: test/trust/x509/certificate-path.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedLeaf,
  type Sandbox,
  startSandbox,
} from '../../src/sandbox/index.ts';
import { createSession, seen, sessionBody } from './hand-made-request.ts';

let root: CertificateAuthority;
/** Five intermediates, from the root down. */
let levels: CertificateAuthority[];
let leaf: IssuedLeaf;
let sandbox: Sandbox;

beforeAll(async () => {
  root = await createCertificateAuthority({ subject: 'CN=Root' });
  levels = [];
  for (const depth of [1, 2, 3, 4, 5]) {
    levels.push(await (levels.at(-1) ?? root).issueIntermediate({ subject: `CN=Level ${depth}` }));
  }
  leaf = await (levels.at(-1) ?? root).issueLeaf({ subject: 'CN=deep' });
  sandbox = await startSandbox({ anchors: [root.certificate] });
});

afterAll(() => sandbox.close());

const blocksOf = (pem: string): string[] => pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];

describe('with a root as anchor', () => {
  test('five intermediates, issuer first', async () => {
    expect(blocksOf(leaf.chain)).toHaveLength(5);
    expect((await createSession(sandbox, leaf)).status).toBe(201);
  });

  test('five intermediates in other orders', async () => {
    const blocks = blocksOf(leaf.chain);
    expect((await createSession(sandbox, { ...leaf, chain: blocks.toReversed().join('') })).status).toBe(201);
    const mixed = [2, 0, 4, 1, 3].map((index) => blocks[index]).join('');
    expect((await createSession(sandbox, { ...leaf, chain: mixed })).status).toBe(201);
  });

  test('six certificates are too many, though five would do', async () => {
    const reply = await createSession(sandbox, { ...leaf, chain: `${leaf.chain}${root.certificate}` });
    expect(seen(reply)).toEqual({
      status: 403,
      code: 'AccessDeniedException',
      message: 'Untrusted signing certificate',
    });
    expect(sandbox.refusals.at(-1)?.reason).toBe('the chain has 6 certificates; at most 5 are taken');
  });

  test('the leaf and the root among them do no harm', async () => {
    const shallow = await (levels[0] ?? root).issueLeaf();
    const chain = `${shallow.certificate}${shallow.chain}${root.certificate}`;
    expect((await createSession(sandbox, { ...shallow, chain })).status).toBe(201);
  });

  test.each([0, 2, 4])('without the intermediate number %i there is no path', async (index) => {
    const chain = blocksOf(leaf.chain).toSpliced(index, 1).join('');
    expect(seen(await createSession(sandbox, { ...leaf, chain })).message).toBe('Untrusted signing certificate');
    expect(sandbox.refusals.at(-1)?.reason).toMatch(/^neither the chain nor the trust anchor has the issuer of "CN=/);
  });
});

describe('with an intermediate as anchor', () => {
  test('its leaf needs no chain, and the root counts for nothing', async () => {
    const anchor = levels[1] ?? root;
    const other = await startSandbox({ anchors: [anchor.certificate] });
    const below = await anchor.issueLeaf();
    expect((await createSession(other, { ...below, chain: '' })).status).toBe(201);
    expect((await createSession(other, leaf)).status).toBe(201);
    const beside = await (levels[0] ?? root).issueLeaf();
    expect(seen(await createSession(other, beside)).message).toBe('Untrusted signing certificate');
    await other.close();
  });
});

describe('with two certificates in the anchor', () => {
  test('either is the end of a path', async () => {
    const next = await createCertificateAuthority({ subject: 'CN=Root' });
    const other = await startSandbox({ anchors: [`${root.certificate}${next.certificate}`] });
    expect((await createSession(other, leaf)).status).toBe(201);
    expect((await createSession(other, await next.issueLeaf())).status).toBe(201);
    await other.close();
  });
});

test('two trust anchors do not mix', async () => {
  const stranger = await createCertificateAuthority({ subject: 'CN=Stranger' });
  const trustAnchorArn = sandbox.addTrustAnchor({ name: 'stranger', certificates: [stranger.certificate] });
  const body = sessionBody(sandbox, { trustAnchorArn });
  expect((await createSession(sandbox, { ...(await stranger.issueLeaf()), body })).status).toBe(201);
  expect(seen(await createSession(sandbox, { ...leaf, body })).message).toBe('Untrusted signing certificate');
});
