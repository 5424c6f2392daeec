/** STS requests signed here with AWS4-HMAC-SHA256, by node:crypto alone. */
import { createHash, createHmac } from 'node:crypto';
import { type HandMadeReply, type HandMadeRequest, send } from './hand-made-request.ts';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface StsWishes {
  readonly date?: Date;
  readonly region?: string;
  readonly service?: string;
  readonly algorithm?: string;
  readonly unsigned?: readonly string[];
  readonly withoutToken?: boolean;
}

export function signSts(
  endpoint: string,
  keys: Keys,
  parameters: Record<string, string>,
  wishes: StsWishes = {},
): HandMadeRequest {
  const body = new URLSearchParams({ Version: '2011-06-15', ...parameters }).toString();
  const stamp = (wishes.date ?? new Date()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: new URL(endpoint).host,
    'x-amz-date': stamp,
    ...(wishes.withoutToken === true ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(headers)
    .filter((name) => !(wishes.unsigned ?? []).includes(name))
    .sort();
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ];
  const scope = [stamp.slice(0, 8), wishes.region ?? 'us-east-1', wishes.service ?? 'sts', 'aws4_request'];
  const algorithm = wishes.algorithm ?? 'AWS4-HMAC-SHA256';
  const stringToSign = [algorithm, stamp, scope.join('/'), sha256(canonical.join('\n'))].join('\n');
  let key: string | Buffer = `AWS4${keys.secretAccessKey}`;
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key).update(stringToSign).digest('hex');
  const credential = `${keys.accessKeyId}/${scope.join('/')}`;
  const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { method: 'POST', target: '/', headers: { ...headers, authorization }, body };
}

export function callSts(
  endpoint: string,
  keys: Keys,
  parameters: Record<string, string>,
  wishes: StsWishes = {},
): Promise<HandMadeReply> {
  return send(endpoint, signSts(endpoint, keys, parameters, wishes));
}

/** The text of the first element of that name. */
export function element(reply: HandMadeReply, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(reply.text)?.[1];
}

/** The keys of an AssumeRole answer. */
export function readKeys(reply: HandMadeReply): Keys {
  if (reply.status !== 200) throw new Error(`status ${reply.status}: ${reply.text}`);
  const get = (name: string): string => element(reply, name) ?? '';
  return {
    accessKeyId: get('AccessKeyId'),
    secretAccessKey: get('SecretAccessKey'),
    sessionToken: get('SessionToken'),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
