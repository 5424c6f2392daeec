import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { SigningIdentity } from '../../../src/identity/identity.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import { certificateDer, type Issued } from '../../support/openssl.ts';

/** An identity of certificates and a key made by openssl; node:crypto signs. */
export function identityOf(leaf: Issued, chain: readonly Issued[] = [], key = leaf.key): SigningIdentity {
  const privateKey = createPrivateKey(readFileSync(key));
  return {
    certificate: parseX509(certificateDer(leaf.certificate)),
    chain: chain.map(({ certificate }) => parseX509(certificateDer(certificate))),
    signer: {
      algorithm: privateKey.asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA',
      sign: async (message) => sign('sha256', message, privateKey),
    },
    close: async () => undefined,
  };
}
