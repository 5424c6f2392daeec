/** Compiled by `npm run check`, never run: what a user's code may and may not write. */
import {
  type Certificate,
  type Credentials,
  type CredentialSource,
  type ErrorCode,
  obtainCredentials,
  parseCertificate,
  RolesAnywhereError,
  type Signer,
  type SigningIdentity,
  signRequest,
} from '../../src/index.ts';

declare const der: Uint8Array;
declare const signer: Signer;

const certificate: Certificate = parseCertificate(der);
const serialNumber: bigint = certificate.serialNumber;
const identity: SigningIdentity = { certificate, chain: [], signer, close: async () => undefined };

export const signed = signRequest(
  { method: 'POST', path: '/sessions', headers: { host: 'rolesanywhere.eu-west-1.amazonaws.com' }, body: der },
  identity,
  { region: 'eu-west-1', date: new Date(0) },
);

export const source: CredentialSource = () =>
  obtainCredentials(
    {
      identity,
      session: { trustAnchorArn: 'a', profileArn: 'b', roleArn: 'c', region: 'eu-west-1' },
      endpoint: { partition: 'aws', region: 'eu-west-1', fips: false, dualStack: false },
      network: { verify: true, maxAttempts: 3, connectTimeout: 1, requestTimeout: 1 },
    },
    {
      now: () => new Date(),
      random: Math.random,
      sleep: async () => undefined,
      warn: () => undefined,
      userAgent: 'example/1',
    },
  );

export const code: ErrorCode = new RolesAnywhereError('KEY_MISMATCH', 'm').code;

// @ts-expect-error codes are a closed union
export const noCode: ErrorCode = 'NO_SUCH_CODE';

declare const credentials: Credentials;
// @ts-expect-error credentials are not changed in place
credentials.secretAccessKey = '';

// @ts-expect-error a serial number is no JavaScript number: it would lose digits
export const serial: number = serialNumber;
