/** Compiled by `npm run check`, never run: the provider in a user's program, beside the SDK's own. */
import { createPrivateKey, createPublicKey, type webcrypto, X509Certificate } from 'node:crypto';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import {
  createCredentialChain,
  fromEnv,
  fromIni,
  fromNodeProviderChain,
  fromTemporaryCredentials,
  type FromTemporaryCredentialsOptions,
} from '@aws-sdk/credential-providers';
import {
  type CallerConfig,
  type Credentials,
  type CredentialSource,
  fromRolesAnywhere,
  type FromRolesAnywhereInit,
  type ProviderLogger,
  type RolesAnywhereProvider,
  type SigningIdentity,
} from '../../src/index.ts';

type AwsProvider = NonNullable<FromTemporaryCredentialsOptions['masterCredentials']> & (() => unknown);

const provider: RolesAnywhereProvider = fromRolesAnywhere({ profile: 'on-prem' });

export const client = new STSClient({ region: 'eu-west-1', credentials: provider });
export const ofClient: NonNullable<STSClientConfig['credentials']> = provider;
export const master: NonNullable<FromTemporaryCredentialsOptions['masterCredentials']> = provider;
export const onTop = fromTemporaryCredentials({ masterCredentials: provider, params: { RoleArn: 'arn' } });
export const chain = createCredentialChain(fromEnv(), provider, fromIni()).expireAfter(600_000);
export const asDefault = new STSClient({
  credentialDefaultProvider: (parent) => createCredentialChain(provider, fromNodeProviderChain(parent)),
});
export const source: CredentialSource = provider;

export const credentials: Promise<Credentials> = provider({ forceRefresh: true, abortSignal: AbortSignal.timeout(1) });
export const expires: Promise<Date> = provider().then(({ expiration }) => expiration);
export const closed: Promise<void> = provider.close();
export async function scoped(): Promise<string> {
  await using inScope = fromRolesAnywhere();
  return (await inScope()).accessKeyId;
}

// What configuration often has: a variable that may not be set.
export const fromVariables: FromRolesAnywhereInit = {
  trustAnchorArn: process.env['TRUST_ANCHOR'],
  certificate: process.env['CERTIFICATE'],
  logger: undefined,
};

// What all providers of the SDK take (`CredentialProviderOptions` of @aws-sdk/types), as one of them declares it.
type SdkOptions = NonNullable<Parameters<typeof fromEnv>[0]>;
declare const sdkOptions: SdkOptions;
declare const logger: ProviderLogger;
declare const caller: CallerConfig;
export const fromSdk: FromRolesAnywhereInit = sdkOptions;
export const toSdk: SdkOptions = { logger, parentClientConfig: caller };
export const sdkFactories: readonly ((options: SdkOptions) => AwsProvider)[] = [fromEnv, fromRolesAnywhere];

declare const identity: SigningIdentity;
declare const cryptoKey: webcrypto.CryptoKey;
const pem = 'PEM';
export const inits: readonly FromRolesAnywhereInit[] = [
  { certificate: pem, privateKey: createPrivateKey(pem), intermediates: Buffer.from(pem) },
  { certificate: new X509Certificate(pem), privateKey: async () => createPrivateKey(pem), pkcs8Password: () => 'p' },
  { certificate: async () => new X509Certificate(pem), privateKey: new Uint8Array() },
  { identity, roleChain: [{ roleArn: 'arn', tags: { team: 'a' }, transitiveTagKeys: ['team'] }] },
  { profile: 'a,b', failoverOnRefusal: true, askSecret: async (question) => question, logger: console },
  { fallback: [{ profile: 'b' }], clientConfig: { region: 'eu-west-1', maxAttempts: 2 }, durationSeconds: 900 },
  // A public key is a KeyObject too: that it is the wrong one is said when it is used.
  { certificate: pem, privateKey: createPublicKey(pem) },
];

export const wrong: readonly FromRolesAnywhereInit[] = [
  // @ts-expect-error there is no such option
  { trustAnchor: 'arn' },
  // @ts-expect-error seconds are a number
  { durationSeconds: '900' },
  // @ts-expect-error a CryptoKey is no KeyObject
  { privateKey: cryptoKey },
  // @ts-expect-error a certificate is no key
  { privateKey: new X509Certificate(pem) },
  // @ts-expect-error a hop needs a role
  { roleChain: [{ externalId: 'x' }] },
  // @ts-expect-error fallbacks do not fall back in their turn
  { fallback: [{ fallback: [] }] },
  // @ts-expect-error a password is a text
  { pkcs8Password: () => 5 },
];

// @ts-expect-error a signal is no controller
void provider({ abortSignal: new AbortController() });
