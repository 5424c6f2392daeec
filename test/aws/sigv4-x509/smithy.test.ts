import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { getCanonicalHeaders, getPayloadHash, SignatureV4 } from '@smithy/signature-v4';
import * as fc from '../../support/fast-check.ts';
import { expect, it } from 'vitest';

import { canonicalRequest, encodeRfc3986 } from '../../../src/aws/sigv4-x509/canonical-request.ts';

/** AWS's own signer for JavaScript, opened up where its canonical request is made. */
class Smithy extends SignatureV4 {
  constructor() {
    const credentials = { accessKeyId: 'unused', secretAccessKey: 'unused' };
    super({ service: 'rolesanywhere', region: 'us-east-1', sha256: Sha256, credentials });
  }

  async canonical(request: HttpRequest): Promise<string> {
    return this.createCanonicalRequest(request, getCanonicalHeaders(request), await getPayloadHash(request, Sha256));
  }
}

/** The name `__proto__` makes Smithy print `[object Object]`. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => value !== '__proto__');
/** A value with `=` is where the two differ on purpose: Smithy, like the Go helper, encodes it once. */
const valueWithoutEquals = text.map((value) => value.replaceAll('=', '-'));
/** Names that Smithy leaves unsigned by rule (authorization, user-agent, proxy-…) cannot come out of this. */
const headerName = fc.stringMatching(/^[Xx]-[A-Za-z0-9-]{1,12}$/);
const headers = fc
  .uniqueArray(fc.tuple(headerName, fc.stringMatching(/^[ \t!-~]{0,30}$/)), {
    selector: ([name]) => name.toLowerCase(),
  })
  .map((entries) => Object.fromEntries([...entries, ['Host', 'example.test']]));
const path = fc
  .array(fc.oneof(fc.constantFrom('', '.', '..'), text.map(encodeRfc3986)), { maxLength: 6 })
  .map((segments) => `/${segments.join('/')}`);

it('builds the canonical request that @smithy/signature-v4 builds', async () => {
  const smithy = new Smithy();
  const method = fc.constantFrom('GET', 'POST', 'PUT');
  const query = fc.array(fc.tuple(text, valueWithoutEquals), { maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(method, path, query, headers, text, async (method, path, query, headers, body) => {
      const byName = new Map<string, string[]>();
      for (const [name, value] of query) byName.set(name, [...(byName.get(name) ?? []), value]);
      const theirs = new HttpRequest({
        method,
        path,
        query: Object.fromEntries(byName),
        headers,
        body,
        hostname: 'example.test',
      });

      const ours = canonicalRequest({ method, path, query, headers, body: Buffer.from(body) });

      expect(ours.text).toBe(await smithy.canonical(theirs));
    }),
    { numRuns: 500 },
  );
});
