import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Issued, openssl } from './openssl.ts';

const day = 86_400_000;
let count = 0;

export interface CrlOptions {
  /** Lines of the index of `openssl ca`: serial numbers in hex, with a reason. */
  readonly revoked?: readonly (readonly [serial: string, reason?: string])[];
  readonly extensions?: readonly string[];
  readonly args?: readonly string[];
  readonly lastUpdate?: Date;
  readonly nextUpdate?: Date;
}

const asn1Time = (date: Date): string => date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');

/** PEM of a CRL, by `openssl ca -gencrl`. */
export function makeCrl(folder: string, issuer: Issued, options: CrlOptions = {}): string {
  const file = (suffix: string): string => join(folder, `crl-${count}.${suffix}`);
  count += 1;
  const entry = ([serial, reason]: readonly [string, string?]): string =>
    `R\t491231000000Z\t260101000000Z${reason === undefined ? '' : `,${reason}`}\t${serial}\tunknown\t/CN=x\n`;
  writeFileSync(file('index'), (options.revoked ?? []).map(entry).join(''));
  writeFileSync(file('number'), '2A\n');
  const extensions = options.extensions ?? ['authorityKeyIdentifier = keyid'];
  const config = [
    ...['[ca]', 'default_ca = own', '[own]', `database = ${file('index')}`, `crlnumber = ${file('number')}`],
    ...['default_md = sha256', 'default_crl_days = 7'],
    ...(extensions.length > 0 ? ['crl_extensions = extensions', '[extensions]', ...extensions] : []),
  ];
  writeFileSync(file('cnf'), `${config.join('\n')}\n`);
  const update = options.lastUpdate ?? new Date(Date.now() - day);
  const times = ['-crl_lastupdate', asn1Time(update)];
  const until = options.nextUpdate === undefined ? [] : ['-crl_nextupdate', asn1Time(options.nextUpdate)];
  const signer = ['-cert', issuer.certificate, '-keyfile', issuer.key];
  const args = ['ca', '-gencrl', '-config', file('cnf'), ...signer, ...times, ...until, ...(options.args ?? [])];
  openssl([...args, '-out', file('pem')]);
  return readFileSync(file('pem'), 'latin1');
}
