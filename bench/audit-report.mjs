/**
 * How fast an audit report of AWS Private CA is read, and what that takes: `npm run bench:audit [-- --rows N]`. Rows a second
 * and the peak of the process's memory, of a report with N rows (100 000) and of one ten times as long with the same
 * subjects: the memory must be that of the subjects, and not of the rows.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' } } });
const rows = Number(values.rows);
/** Bytes of memory that a report ten times as long may take beyond. */
const mostGrowth = 64e6;
const command = join(import.meta.dirname, '..', 'bin', 'roles-anywhere.cjs');

await compare();

async function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-audit-'));
  try {
    const once = await measure(folder, rows);
    const tenfold = await measure(folder, rows * 10);
    const growth = tenfold.peak - once.peak;
    console.log(`ten times the rows take ${(growth / 1e6).toFixed(0)} MB more`);
    if (growth > mostGrowth) {
      console.error(`more than ${mostGrowth / 1e6} MB`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder, count) {
  const [path, watcher] = [join(folder, `${count}.csv`), join(folder, 'peak.cjs')];
  await write(path, count);
  const told =
    "process.on('exit', () => require('node:fs').writeSync(2, `\\npeak ${process.resourceUsage().maxRSS * 1024}`))";
  writeFileSync(watcher, told);
  const start = performance.now();
  const args = ['--require', watcher, command, 'certificates', path, '--json'];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 1e9,
    env: { ROLES_ANYWHERE_RUNTIME: 'node' },
  });
  const elapsed = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(stderr);
  const peak = Number(/peak (\d+)$/.exec(stderr)[1]);
  const size = statSync(path).size / 1e6;
  console.log(
    `${count} rows, ${size.toFixed(0)} MB: ${elapsed.toFixed(1)} s, ${Math.round(count / elapsed)} rows/s, peak memory ${(peak / 1e6).toFixed(0)} MB; ${JSON.parse(stdout).length} listed`,
  );
  return { peak };
}

/** Subjects of half of `rows`, each renewed again and again where there are more. */
async function write(path, count) {
  const out = createWriteStream(path);
  const day = 86_400_000;
  const time = (days) => new Date(Date.now() + days * day).toISOString().replace(/\.\d+Z$/, '+0000');
  const authority = 'arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/11111111-2222-3333-4444-555555555555';
  out.write(
    'awsAccountId,requestedByServicePrincipal,certificateArn,serial,subject,notBefore,notAfter,issuedAt,revokedAt,revocationReason,templateArn\n',
  );
  for (let at = 0; at < count; at += 1) {
    const serial = at.toString(16).padStart(32, '0');
    const end = (at % 700) - 350;
    const line = [
      '111122223333,,',
      `${authority}/certificate/${serial},${serial.match(/../g).join(':')},"CN=host-${at % (rows / 2)}.example.com,O=Example,C=US",`,
      `${time(end - 90)},${time(end)},${time(end - 90)},${at % 50 === 0 ? time(end - 10) : ''},UNSPECIFIED,`,
      'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1\n',
    ];
    if (!out.write(line.join(''))) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}
