/** What the benchmarks of the command have in common: certificates, a server, and what is asked of it. */
import { execFileSync, fork } from 'node:child_process';
import { join, resolve } from 'node:path';

const bench = resolve(import.meta.dirname, '..');
const arn = (resource) => `arn:aws:rolesanywhere:eu-west-1:111122223333:${resource}`;
export const trustAnchorArn = arn('trust-anchor/11111111-2222-3333-4444-555555555555');
export const profileArn = arn('profile/66666666-7777-8888-9999-000000000000');
export const roleArn = 'arn:aws:iam::111122223333:role/Bench';

/** Makes in a folder a CA, a server certificate for localhost, and two leaves with their keys: `leaf` with RSA-2048, `leaf-ec` with P-256. */
export function makeCertificates(folder) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const typeOf = (name) => (name === 'leaf-ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048']);
  const newKey = (name, subject) => ['-newkey', ...typeOf(name), '-nodes', '-keyout', `${name}.key`, '-subj', subject];
  const days = ['-days', '2'];
  openssl('req', '-x509', ...newKey('ca', '/CN=Bench CA'), '-out', 'ca.pem', ...days);
  for (const [name, ...extensions] of [
    ['server', 'subjectAltName=DNS:localhost'],
    ...['leaf', 'leaf-ec'].map((name) => [
      name,
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
    ]),
  ]) {
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    openssl('req', ...newKey(name, `/CN=${name}`), '-out', `${name}.csr`, ...added);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-copy_extensions', 'copy', '-out', `${name}.pem`, ...days],
    );
  }
}

/** Starts a server that answers like CreateSession, with the certificates of the folder. */
export function startServer(folder, env) {
  const pair = [join(folder, 'server.pem'), join(folder, 'server.key')];
  const server = fork(join(bench, 'startup', 'server.mjs'), pair, { env });
  return new Promise((settle, fail) => {
    server.once('message', (port) => {
      server.removeAllListeners('exit');
      settle({ port, stop: () => server.kill() });
    });
    server.once('exit', (code) => fail(new Error(`the server ended with ${code}`)));
  });
}

/** The arguments of the command for a leaf of the folder and that server. */
export function optionsOf(folder, port, leaf = 'leaf') {
  return [
    ...['--certificate', join(folder, `${leaf}.pem`), '--private-key', join(folder, `${leaf}.key`)],
    ...['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn],
    ...['--endpoint', `https://localhost:${port}`],
  ];
}

/** The command as its users start it, below a version of Node. */
export function commandOf(node) {
  return [node, resolve(bench, '..', 'bin', 'roles-anywhere.cjs')];
}
