/**
 * CreateSession requests signed here, by the protocol's description and node:crypto alone, so that neither our signing
 * code nor the sandbox's own reading of it can hide a mistake of the other.
 */
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import type { Sandbox } from '../../src/sandbox/index.ts';

export interface HandMadeRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface HandMadeReply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** Everything a request may have otherwise than the sandbox's own leaf would send it. */
export interface Wishes {
  /** PEM. */
  readonly certificate?: string;
  readonly privateKey?: string;
  /** PEM of any number of certificates, sent in this order. */
  readonly chain?: string;
  readonly body?: string;
  /** Query as sent. */
  readonly query?: string;
  /** Query as signed; the one sent when not given. */
  readonly signedQuery?: string;
  readonly date?: Date;
  readonly region?: string;
  readonly service?: string;
  readonly terminator?: string;
  readonly scopeDate?: string;
  readonly algorithm?: string;
  readonly serial?: string;
  /** More headers, signed. */
  readonly headers?: Record<string, string>;
  /** Headers to leave unsigned. */
  readonly unsigned?: readonly string[];
  /** Makes the signature in place of the key. */
  readonly sign?: (message: Buffer) => Uint8Array;
}

const mlDsa = [ml_dsa44, ml_dsa65, ml_dsa87];

/** What a request needs to know of a sandbox. */
export type Place = Pick<
  Sandbox,
  'endpoint' | 'region' | 'certificate' | 'privateKey' | 'trustAnchorArn' | 'profileArn' | 'roleArn'
>;

export function sessionBody(sandbox: Place, more: Record<string, unknown> = {}): string {
  const { trustAnchorArn, profileArn, roleArn } = sandbox;
  return JSON.stringify({ trustAnchorArn, profileArn, roleArn, ...more });
}

export function signRequest(sandbox: Place, wishes: Wishes = {}): HandMadeRequest {
  const certificate = wishes.certificate ?? sandbox.certificate;
  const body = wishes.body ?? sessionBody(sandbox);
  const stamp = (wishes.date ?? new Date()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: new URL(sandbox.endpoint).host,
    'x-amz-date': stamp,
    'x-amz-x509': toBase64(certificate),
    ...chainHeader(wishes.chain ?? ''),
    ...wishes.headers,
  };
  const names = Object.keys(headers)
    .filter((name) => !(wishes.unsigned ?? []).includes(name))
    .sort();
  const query = wishes.query ?? '';
  const canonical = [
    'POST',
    '/sessions',
    wishes.signedQuery ?? query,
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = [
    wishes.scopeDate ?? stamp.slice(0, 8),
    wishes.region ?? sandbox.region,
    wishes.service ?? 'rolesanywhere',
    wishes.terminator ?? 'aws4_request',
  ].join('/');
  const key = wishes.privateKey ?? sandbox.privateKey;
  const algorithm = wishes.algorithm ?? algorithmOf(key);
  const message = Buffer.from([algorithm, stamp, scope, sha256(canonical)].join('\n'));
  const signature = Buffer.from((wishes.sign ?? signWith(key))(message)).toString('hex');
  const serial = wishes.serial ?? BigInt(`0x${readDer(certificate).serialNumber}`).toString();
  const authorization = `${algorithm} Credential=${serial}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return {
    method: 'POST',
    target: query === '' ? '/sessions' : `/sessions?${query}`,
    headers: { ...headers, authorization },
    body,
  };
}

export function send(endpoint: string, request: HandMadeRequest, ca?: string): Promise<HandMadeReply> {
  const url = new URL(endpoint);
  const { method, target, headers, body } = request;
  return new Promise((resolve, reject) => {
    const options = { host: url.hostname, port: url.port, method, path: target, headers, agent: false };
    const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      { ...options, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export function createSession(sandbox: Sandbox, wishes: Wishes = {}): Promise<HandMadeReply> {
  return send(sandbox.endpoint, signRequest(sandbox, wishes));
}

export interface SessionAnswer {
  readonly credentialSet: readonly [
    {
      readonly assumedRoleUser: { readonly arn: string; readonly assumedRoleId: string };
      readonly credentials: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string;
        readonly expiration: string;
      };
      readonly packedPolicySize: number;
      readonly roleArn: string;
      readonly sourceIdentity: string;
    },
  ];
  readonly subjectArn: string;
}

/** The session of an answer that has to be 201. */
export function readSession(reply: HandMadeReply): SessionAnswer['credentialSet'][0] {
  if (reply.status !== 201) throw new Error(`status ${reply.status}: ${reply.text}`);
  const answer: SessionAnswer = JSON.parse(reply.text);
  return answer.credentialSet[0];
}

/** What a refused client sees. */
export function seen(reply: HandMadeReply): { status: number; code: string; message: string } {
  const { message }: { message: string } = JSON.parse(reply.text);
  return { status: reply.status, code: String(reply.headers['x-amzn-errortype']).split(':')[0] ?? '', message };
}

function readDer(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

function chainHeader(pem: string): Record<string, string> {
  const blocks = pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return blocks.length === 0 ? {} : { 'x-amz-x509-chain': blocks.map(toBase64).join(',') };
}

function toBase64(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s/g, '');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Seed and expanded key stand at the end of the PKCS#8 that the sandbox makes of an ML-DSA key. */
function mlDsaOf(pem: string): { algorithm: (typeof mlDsa)[number]; secretKey: Uint8Array } | undefined {
  const der = Buffer.from(toBase64(pem), 'base64');
  const algorithm = mlDsa.find(
    ({ lengths }) => der.length > (lengths.secretKey ?? 0) && der.length < (lengths.secretKey ?? 0) + 100,
  );
  return algorithm === undefined
    ? undefined
    : { algorithm, secretKey: der.subarray(der.length - (algorithm.lengths.secretKey ?? 0)) };
}

function algorithmOf(pem: string): string {
  if (mlDsaOf(pem) !== undefined) return 'AWS4-X509-MLDSA';
  return createPrivateKey(pem).asymmetricKeyType === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256';
}

function signWith(pem: string): (message: Buffer) => Uint8Array {
  const mlDsaKey = mlDsaOf(pem);
  return mlDsaKey === undefined
    ? (message) => sign('sha256', message, pem)
    : (message) => mlDsaKey.algorithm.sign(message, mlDsaKey.secretKey);
}
