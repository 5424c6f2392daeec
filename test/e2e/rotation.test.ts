import { mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';

/**
 * The ways of docs/rotation.md in which programs put a new certificate in the place of an old one, each before a `serve`
 * that runs: it takes the new pair by itself, and never a mixed one.
 */

const folder = makeFolder();
let ca: Issued;
let sandbox: Sandbox;

beforeAll(async () => {
  ca = makeCa(folder, 'ca');
  sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
});
afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

/** Texts of certificate and key. */
type Pair = readonly [certificate: string, key: string];

interface Shape {
  /** Paths of certificate and key below a folder; one path for both. */
  readonly paths: (at: string) => readonly string[];
  readonly first: (at: string, pair: Pair) => void;
  readonly next: (at: string, pair: Pair) => void;
  /** The new certificate is for the old key. */
  readonly keepsKey?: boolean;
}

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
};
/** A new file under the old name. */
const replace = (path: string, text: string): void => {
  write(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
};
const link = (target: string, path: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
};
const twoFiles = (at: string): string[] => [join(at, 'tls.crt'), join(at, 'tls.key')];
const inPlace = (at: string, pair: Pair): void => twoFiles(at).forEach((path, index) => write(path, pair[index] ?? ''));

/** As the kubelet, and cert-manager's CSI driver, write the files of a volume. */
function writeVolume(at: string, version: string, pair: Pair): void {
  twoFiles(join(at, version)).forEach((path, index) => write(path, pair[index] ?? ''));
  symlinkSync(version, join(at, '..data_tmp'));
  renameSync(join(at, '..data_tmp'), join(at, '..data'));
}

/** As certbot keeps a lineage: numbered files, and links to the newest. */
function writeLineage(at: string, number: number, pair: Pair): void {
  for (const [index, name] of ['fullchain', 'privkey'].entries()) {
    write(join(at, 'archive', `${name}${number}.pem`), pair[index] ?? '');
    const live = join(at, 'live', `${name}.pem`);
    if (number > 1) unlinkSync(live);
    link(`../archive/${name}${number}.pem`, live);
  }
}

const shapes: Readonly<Record<string, Shape>> = {
  'step ca renew: the certificate is written over, the key stays': {
    paths: twoFiles,
    first: inPlace,
    next: (at, [certificate]) => write(join(at, 'tls.crt'), certificate),
    keepsKey: true,
  },
  'step ca rekey: certificate and key are written over, one after the other': {
    paths: twoFiles,
    first: inPlace,
    next: inPlace,
  },
  'certbot: links to numbered files': {
    paths: (at) => ['fullchain', 'privkey'].map((name) => join(at, 'live', `${name}.pem`)),
    first: (at, pair) => writeLineage(at, 1, pair),
    next: (at, pair) => writeLineage(at, 2, pair),
  },
  'a Secret or CSI volume: one link to a folder is replaced': {
    paths: twoFiles,
    first: (at, pair) => {
      writeVolume(at, '..2026_01_01', pair);
      for (const name of ['tls.crt', 'tls.key']) link(`..data/${name}`, join(at, name));
    },
    next: (at, pair) => writeVolume(at, '..2026_01_02', pair),
  },
  'Vault agent: one file with both is replaced': {
    paths: (at) => [join(at, 'leaf.pem')],
    first: (at, pair) => write(join(at, 'leaf.pem'), pair.join('')),
    next: (at, pair) => replace(join(at, 'leaf.pem'), pair.join('')),
  },
};

function serve(paths: readonly string[]): RunningCommand {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const arns = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  const flags = ['--certificate', '--private-key'].flatMap((flag, index) => {
    const path = paths[index];
    return path === undefined ? [] : [flag, path];
  });
  const env = { HOME: folder, AWS_CONFIG_FILE: join(folder, 'none') };
  return startCommand(['serve', '--port', '0', '--endpoint', endpoint, ...arns, ...flags], { env });
}

const pairOf = ({ certificate, key }: Issued): Pair => [readFileSync(certificate, 'utf8'), readFileSync(key, 'utf8')];
const hasSessionOf = (name: string): boolean =>
  sandbox.requests.some(({ accepted, session }) => accepted && session?.tags['x509Subject/CN'] === name);

test.each(Object.entries(shapes))('%s', async (title, { paths, first, next, keepsKey = false }) => {
  const name = title.split(/\W/, 1)[0] + String(Object.keys(shapes).indexOf(title));
  const old = makeLeaf(folder, `${name}-old`, ca);
  const renewed = makeLeaf(folder, `${name}-new`, ca, keepsKey ? { key: old.key } : { keyType: 'rsa:2048' });
  const at = join(folder, name);
  first(at, pairOf(old));
  const running = serve(paths(at));
  try {
    await running.said(/credentials renewed/);
    expect(hasSessionOf(`${name}-old`)).toBe(true);
    next(at, pairOf({ ...renewed, key: keepsKey ? old.key : renewed.key }));
    await running.said(/credentials renewed[^]*credentials renewed/);
    expect(hasSessionOf(`${name}-new`)).toBe(true);
    expect(running.stderr()).not.toMatch(/ error /);
  } finally {
    expect(await running.stop()).toEqual({ status: 0, signal: null });
  }
});
