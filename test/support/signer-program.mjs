// A signer as docs/backends/custom.md has it, with a key in a file; `MODE` of its environment makes it misbehave.
import { appendFileSync } from 'node:fs';
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , keyFile, startedFile] = process.argv;
const { MODE = 'sound' } = process.env;
const key = createPrivateKey(readFileSync(keyFile));
if (startedFile !== undefined) appendFileSync(startedFile, 'started\n');
console.error('ready to sign');

const answers = {
  sound: (id, signature) => ({ version: 1, id, signature }),
  refuses: (id) => ({ version: 1, id, error: 'not\u001b[31m today\nnor tomorrow' }),
  'other-id': (id, signature) => ({ version: 1, id: id + 1, signature }),
  'version-2': (id, signature) => ({ version: 2, id, signature }),
  nothing: (id) => ({ version: 1, id }),
  'no-base64': (id) => ({ version: 1, id, signature: '*' }),
  'other-message': (id) => ({ version: 1, id, signature: sign('sha256', Buffer.from('x'), key).toString('base64') }),
  once: (id, signature) => ({ version: 1, id, signature }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, hash, message } = JSON.parse(line);
  if (MODE === 'exits') process.exit(3);
  if (MODE === 'silent') continue;
  if (MODE === 'endless') process.stdout.write('x'.repeat(100_000));
  if (MODE === 'text') console.log('Signed!');
  if (MODE === 'two-lines') process.stdout.write('{}\n{}\n');
  if (!(MODE in answers)) continue;
  const hashName = hash === undefined ? undefined : hash.replace('-', '').toLowerCase();
  const signature = sign(hashName, Buffer.from(message, 'base64'), key).toString('base64');
  console.log(JSON.stringify(answers[MODE](id, signature)));
  if (MODE === 'once') process.exit(0);
}
