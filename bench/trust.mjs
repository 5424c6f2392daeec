/**
 * What `roles-anywhere/trust` decides a second and core, beside `openssl verify`:
 * `npm run bench:trust -- [--leaves 300] [--seconds 1]`.
 *
 * Counted is processor time of this process, for a machine that has other things to do; what shares its cores makes it
 * slower all the same (V8's own threads are off), so the bare signatures that a path cannot do without are counted in turn
 * with it: what it takes beside them is true on a busy machine too. Every path is of another leaf: its signature is
 * verified, and that of the intermediate is known from the first.
 */
import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCertificateAuthority } from '../dist/lib/sandbox/index.js';
import {
  decodeCertificate,
  decodeCertificates,
  findPath,
  makePolicyContext,
  readTrustPolicy,
} from '../dist/lib/trust/index.js';

const { values } = parseArgs({
  options: { leaves: { type: 'string', default: '300' }, seconds: { type: 'string', default: '1' } },
});
const seconds = Number(values.seconds);
const promised = 10_000;

const show = (what, rate, note = '') =>
  console.log(`${what.padEnd(64)}${String(Math.round(rate)).padStart(9)} /s ${note}`);

/** How often a second of processor time things can be done, in turn; what they `prepare` is not counted. */
async function ratesOf(...works) {
  const counts = works.map(({ work, prepare = () => undefined }) => ({ work, prepare, done: 0, spent: 0 }));
  for (let round = 0; round < 5; round += 1) for (const { work, prepare } of counts) await work(prepare());
  while (counts.some(({ spent }) => spent < seconds * 1e6)) for (const count of counts) await once(count);
  return counts.map(({ done, spent }) => (done / spent) * 1e6);
}

async function once(count) {
  const given = count.prepare();
  const start = process.cpuUsage();
  count.done += await count.work(given);
  const { user, system } = process.cpuUsage(start);
  count.spent += user + system;
}

/** Root, intermediate and leaves of one kind of key, each leaf with its intermediate. */
async function issue(keyType) {
  const root = await createCertificateAuthority({ keyType });
  const sub = await root.issueIntermediate({ keyType, subject: 'CN=Issuing CA' });
  const leaves = [];
  for (let made = 0; made < Number(values.leaves); made += 1) {
    leaves.push((await sub.issueLeaf({ subject: `CN=leaf-${made}` })).certificate);
  }
  return { root: root.certificate, sub: sub.certificate, leaves };
}

const derOf = (pem) => Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64');

/** One signature of each leaf, verified by node:crypto and nothing else. */
function signatures({ sub, leaves }) {
  const key = createPublicKey(sub);
  const signed = leaves.map((pem) => decodeCertificate(derOf(pem)));
  const work = () => {
    for (const { signedPart, signature } of signed) verify('sha256', signedPart, key, signature);
    return signed.length;
  };
  return { work };
}

function paths({ root, sub, leaves }) {
  const [anchors, chain] = [decodeCertificates(root), decodeCertificates(sub)];
  const ders = leaves.map(derOf);
  const now = new Date();
  const work = async (read) => {
    for (const leaf of read) {
      const result = await findPath({ leaf, chain, anchors, now });
      if ('problem' in result) throw new Error(result.problem);
    }
    return read.length;
  };
  return { work, prepare: () => ders.map(decodeCertificate) };
}

/** One openssl for all leaves, in processor time too; and one for each, as it is used. */
function opensslRates({ root, sub, leaves }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-trust-'));
  const file = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const common = ['verify', '-CAfile', file('root.pem', root), '-untrusted', file('sub.pem', sub)];
  const files = leaves.map((leaf, index) => file(`${index}.pem`, leaf));
  const timed = (run) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  const all = timed(() => execFileSync('openssl', [...common, ...files]));
  const few = files.slice(0, 20);
  const each = timed(() => few.forEach((name) => execFileSync('openssl', [...common, name])));
  rmSync(folder, { recursive: true });
  return { all: (files.length / all) * 1000, each: (few.length / each) * 1000 };
}

const document = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'rolesanywhere.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      Condition: {
        ArnLike: { 'aws:SourceArn': 'arn:aws:rolesanywhere:*:111122223333:trust-anchor/*' },
        StringEquals: { 'aws:PrincipalTag/x509Subject/OU': ['build', 'deploy'] },
        StringLike: { 'aws:PrincipalTag/x509Subject/CN': '${aws:PrincipalTag/x509Subject/OU}-*.example.com' },
      },
    },
  ],
};
const tags = new Map([
  ['x509Subject/CN', 'deploy-17.example.com'],
  ['x509Subject/OU', 'deploy'],
]);
const context = makePolicyContext({
  keys: { 'aws:SourceArn': 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a' },
  principalTags: tags,
  requestTags: tags,
  transitiveTagKeys: tags.keys(),
});
const principal = { kind: 'service', name: 'rolesanywhere.amazonaws.com' };

function evaluate(policy) {
  const { effect, reason } = policy.decide({ action: 'sts:TagSession', principal, context });
  if (effect !== 'allow') throw new Error(reason);
}

const text = JSON.stringify(document);
const policy = readTrustPolicy(text);
const thousand = (act) => ({
  work: () => {
    for (let done = 0; done < 1000; done += 1) act();
    return 1000;
  },
});
const [evaluations] = await ratesOf(thousand(() => evaluate(policy)));
const [readings] = await ratesOf(thousand(() => evaluate(readTrustPolicy(text))));
show('trust policies evaluated', evaluations);
show('trust policies read and evaluated', readings);

const rates = [evaluations, readings];
for (const keyType of ['RSA-2048', 'P-256']) {
  const pki = await issue(keyType);
  const [rate, bare] = await ratesOf(paths(pki), signatures(pki));
  const openssl = opensslRates(pki);
  show(`paths of a leaf, an intermediate and a root, ${keyType}`, rate);
  show('  bare signatures by node:crypto', bare, `(a path takes ${(1e6 / rate - 1e6 / bare).toFixed(1)} µs more)`);
  show('  openssl verify, one process for all', openssl.all, '(wall time)');
  show('  openssl verify, one process for each', openssl.each, '(wall time)');
  rates.push(rate);
}
const slowest = Math.min(...rates);
if (slowest < promised) console.log(`below the ${promised} a second and core that are meant, on this machine and now`);
