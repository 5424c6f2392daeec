/**
 * A program that uses the library as its users do, run by Node and by Bun: `provider-program.mjs LIBRARY`. Everything
 * comes by the environment. Prints what came of each case as JSON, a line each, and ends by itself.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { fromRolesAnywhere } = await import(process.argv[2]);
const read = (name) => readFileSync(process.env[name], 'utf8');
const certificate = read('ROLES_ANYWHERE_CERTIFICATE');
const privateKey = read('ROLES_ANYWHERE_PRIVATE_KEY');
const { ENCRYPTED_KEY, PKCS12, PASSWORD, ROLES_ANYWHERE_ROLE_ARN: roleArn } = process.env;

const inits = {
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

for (const [name, init] of Object.entries(inits)) {
  const provider = fromRolesAnywhere(init);
  const sets = Promise.all(Array.from({ length: 100 }, () => provider()));
  const outcome = await sets.then(
    ([{ accountId, expiration }]) => ({ accountId, lives: expiration.getTime() > Date.now() }),
    ({ code, message }) => ({ code, message }),
  );
  console.log(JSON.stringify({ name, ...outcome }));
}
