/**
 * The work of one credential-process call in Bun and nothing else, or that of a hit of the disk cache: the yardstick for what the
 * executable adds. Compiled as that is (bench/native.mjs).
 *
 *     rsa|ec PORT CERTIFICATE KEY CA TRUST-ANCHOR PROFILE ROLE      the key in PKCS#8, an EC key on P-256
 *     make|hit KEY ENTRY                                            an entry that is sealed by the key's digest
 */
const [how = '', ...words] = process.argv.slice(2);

const bytesOf = (path: string): Buffer => Buffer.from(Bun.mmap(path));
const derOf = (path: string): Buffer => Buffer.from(bytesOf(path).toString('latin1').split('-----')[2] ?? '', 'base64');
const sha256 = (data: Uint8Array | string): Buffer => new Bun.CryptoHasher('sha256').update(data).digest();

interface Set {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: string;
}

async function print({ accessKeyId, secretAccessKey, sessionToken, expiration }: Set): Promise<never> {
  const names = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken };
  await Bun.write(Bun.stdout, JSON.stringify({ Version: 1, ...names, Expiration: expiration }));
  process.exit(0);
}

/** Of WebCrypto's two numbers of 32 bytes, as DER (RFC 3279, section 2.2.3). */
function derSignature(numbers: Buffer): Buffer {
  const fields = [numbers.subarray(0, 32), numbers.subarray(32)].map((number) => {
    const [first = 0] = number;
    return Buffer.concat([Buffer.of(2, first > 127 ? 33 : 32, ...(first > 127 ? [0] : [])), number]);
  });
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}

async function signedRequest([port = '', certificate = '', key = '', , ...arns]: readonly string[]): Promise<Buffer> {
  const isEc = how === 'ec';
  const scheme = isEc
    ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const opened = await crypto.subtle.importKey('pkcs8', derOf(key), scheme, false, ['sign']);
  const leaf = derOf(certificate);
  const serial = BigInt(`0x${leaf.subarray(15, 15 + (leaf[14] ?? 0)).toString('hex')}`);
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const [trustAnchorArn, profileArn, roleArn] = arns;
  const body = JSON.stringify({ trustAnchorArn, profileArn, roleArn, durationSeconds: 3600 });
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: `localhost:${port}`,
    'x-amz-date': date,
    'x-amz-x509': leaf.toString('base64'),
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = `POST\n/sessions\n\n${lines.join('')}\n${names}\n${sha256(body).toString('hex')}`;
  const scope = `${date.slice(0, 8)}/eu-west-1/rolesanywhere/aws4_request`;
  const algorithm = `AWS4-X509-${isEc ? 'ECDSA' : 'RSA'}-SHA256`;
  const text = `${algorithm}\n${date}\n${scope}\n${sha256(canonical).toString('hex')}`;
  const raw = Buffer.from(await crypto.subtle.sign(scheme, opened, Buffer.from(text)));
  const signature = (isEc ? derSignature(raw) : raw).toString('hex');
  headers['authorization'] =
    `${algorithm} Credential=${serial}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  headers['content-length'] = String(body.length);
  headers['connection'] = 'close';
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST /sessions HTTP/1.1\r\n${head.join('')}\r\n${body}`);
}

async function call(given: readonly string[]): Promise<void> {
  let answer = '';
  const [port, , , ca = ''] = given;
  const waiting: { request?: Promise<Buffer> } = {};
  const fail = (_socket: unknown, error: unknown): never => {
    console.error(String(error));
    process.exit(1);
  };
  const tls = { serverName: 'localhost', rejectUnauthorized: true, ca: [bytesOf(ca).toString('latin1')] };
  const socket = {
    handshake: (raw: { write(bytes: Uint8Array): number }, ok: boolean, fault: unknown) =>
      ok && !fault ? void waiting.request?.then((bytes) => raw.write(bytes)) : fail(raw, fault),
    data: (_raw: unknown, bytes: Buffer) => {
      answer += bytes.toString('latin1');
    },
    end: () => print(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).credentialSet[0].credentials as Set),
    error: fail,
    connectError: fail,
  };
  Bun.connect({ hostname: 'localhost', port: Number(port), tls, socket } as never).catch(() => undefined);
  // Begun first, as in the command.
  waiting.request = signedRequest(given);
  await waiting.request;
}

async function entry([key = '', path = '']: readonly string[], make: boolean): Promise<void> {
  const opened = await crypto.subtle.importKey('raw', sha256(bytesOf(key)), 'AES-GCM', false, ['encrypt', 'decrypt']);
  if (make) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const set = {
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 's'.repeat(40),
      sessionToken: 't'.repeat(800),
      expiration: '',
    };
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, opened, Buffer.from(JSON.stringify(set)));
    const texts = { iv: Buffer.from(iv).toString('base64'), content: Buffer.from(sealed).toString('base64') };
    await Bun.write(path, JSON.stringify(texts));
    process.exit(0);
  }
  const { iv, content } = JSON.parse(bytesOf(path).toString('latin1')) as { iv: string; content: string };
  const parameters = { name: 'AES-GCM', iv: Buffer.from(iv, 'base64') };
  const text = Buffer.from(await crypto.subtle.decrypt(parameters, opened, Buffer.from(content, 'base64'))).toString();
  await print(JSON.parse(text) as Set);
}

await(how === 'rsa' || how === 'ec' ? call(words) : entry(words, how === 'make'));
