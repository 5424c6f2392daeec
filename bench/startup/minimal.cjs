'use strict';
/*
 * The work of one credential-process call and nothing else: no options, no checks, no messages. It is the yardstick for what the
 * command adds. Arguments: port, certificate, key, CA file or nothing (then unverified), trust anchor, profile and role ARN.
 */
const tls = require('node:tls');
const fs = require('node:fs');
const [port, certificatePath, keyPath, caPath, trustAnchorArn, profileArn, roleArn] = process.argv.slice(2);
const trust = caPath ? { ca: fs.readFileSync(caPath) } : { rejectUnauthorized: false };
const socket = tls.connect({ host: 'localhost', port: Number(port), servername: 'localhost', ...trust });

const crypto = require('node:crypto');
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
const certificate = new crypto.X509Certificate(fs.readFileSync(certificatePath));
const key = crypto.createPrivateKey(fs.readFileSync(keyPath));
const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
const body = JSON.stringify({ trustAnchorArn, profileArn, roleArn, durationSeconds: 3600 });
const headers = {
  'content-type': 'application/json',
  host: `localhost:${port}`,
  'x-amz-date': date,
  'x-amz-x509': certificate.raw.toString('base64'),
};
const names = Object.keys(headers).join(';');
const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
const canonicalRequest = `POST\n/sessions\n\n${lines.join('')}\n${names}\n${sha256(body)}`;
const scope = `${date.slice(0, 8)}/eu-west-1/rolesanywhere/aws4_request`;
const stringToSign = `AWS4-X509-RSA-SHA256\n${date}\n${scope}\n${sha256(canonicalRequest)}`;
const signature = crypto.sign('sha256', Buffer.from(stringToSign), key).toString('hex');
const credential = `${BigInt(`0x${certificate.serialNumber}`)}/${scope}`;
headers['authorization'] =
  `AWS4-X509-RSA-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
headers['content-length'] = String(Buffer.byteLength(body));
headers['connection'] = 'close';
const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
socket.write(`POST /sessions HTTP/1.1\r\n${head.join('')}\r\n${body}`);

let answer = '';
socket.on('data', (chunk) => (answer += chunk));
socket.on('end', () => {
  const { credentials } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).credentialSet[0];
  process.stdout.write(
    JSON.stringify({
      Version: 1,
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: credentials.expiration,
    }),
  );
});
