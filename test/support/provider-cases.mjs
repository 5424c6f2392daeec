/** What a program may do with the provider, each of it once. Everything comes by the environment. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(process.env[name], 'utf8');

/** Prints what came of each case as JSON, a line each. */
export async function runProviderCases(fromRolesAnywhere) {
  for (const [name, init] of Object.entries(cases())) {
    const provider = fromRolesAnywhere(init);
    const sets = Promise.all(Array.from({ length: 100 }, () => provider()));
    const outcome = await sets.then(
      ([{ accountId, expiration }]) => ({ accountId, lives: expiration.getTime() > Date.now() }),
      ({ code, message }) => ({ code, message }),
    );
    console.log(JSON.stringify({ name, ...outcome }));
  }
}

function cases() {
  const certificate = read('ROLES_ANYWHERE_CERTIFICATE');
  const privateKey = read('ROLES_ANYWHERE_PRIVATE_KEY');
  const { ENCRYPTED_KEY, PKCS12, PASSWORD, ROLES_ANYWHERE_ROLE_ARN: roleArn } = process.env;
  return {
    'all by the environment': {},
    'PEM text': { certificate, privateKey },
    'an X509Certificate and a KeyObject': {
      certificate: new X509Certificate(certificate),
      privateKey: createPrivateKey(privateKey),
    },
    functions: { certificate: () => certificate, privateKey: async () => Buffer.from(privateKey) },
    'an encrypted key': { certificate, privateKey: ENCRYPTED_KEY, pkcs8Password: PASSWORD },
    'PKCS#12': { certificate: PKCS12, privateKey: PKCS12, pkcs8Password: () => PASSWORD },
    'a role on top': { roleChain: [{ roleArn }] },
    'a refusal': { roleArn: `${roleArn}-missing` },
  };
}
