import { readFileSync, writeSync } from 'node:fs';
import { thisProcess } from '../../../src/cli/terminal/this-process.ts';
import { changeFile } from '../../../src/outputs/update/change-file.ts';
import { writeProfile } from '../../../src/outputs/update/write-profile.ts';

/** One of many processes that write to a file, or read it, for so many milliseconds. Prints what it came to. */
const [what, path = '', name = '', milliseconds = '0', pause = '20'] = process.argv.slice(2);
const until = Date.now() + Number(milliseconds);
const lock = {
  process: thisProcess,
  userId: undefined,
  monotonic: () => performance.now(),
  sleep: (delay: number) => new Promise<void>((resolve) => setTimeout(resolve, delay)),
  random: Math.random,
};

/** Three values that can be told to belong together; the longer the token, the sooner a torn file shows. */
function setOf(turn: number) {
  const values = { accessKeyId: `ASIA-${name}-${turn}`, secretAccessKey: `secret-${name}-${turn}` };
  return { ...values, sessionToken: `${name}-${turn}-${'t'.repeat(600 + turn)}`, expiration: new Date(8.64e15) };
}

async function update(): Promise<void> {
  let turn = 0;
  do {
    turn += 1;
    await changeFile(path, (text) => writeProfile(text, name, setOf(turn)).text, lock);
    if (turn === 1) writeSync(1, 'started\n');
    await lock.sleep(Math.random() * Number(pause));
  } while (Date.now() < until);
  writeSync(1, `${turn}\n`);
}

async function read(): Promise<void> {
  const last = new Map<string, number>();
  let reads = 0;
  writeSync(1, 'started\n');
  do {
    check(readFileSync(path, 'utf8'), last);
    reads += 1;
    await lock.sleep(Math.random() * 10);
  } while (Date.now() < until);
  writeSync(1, `${reads}\n`);
}

/** Every profile is whole, none that was there is gone, and none is older than it was. */
function check(text: string, last: Map<string, number>): void {
  const sections = text.split(/^(?=\[)/m).slice(1);
  const seen = new Set<string>();
  for (const section of sections) {
    const form =
      /^\[(\w+)\]\naws_access_key_id = ASIA-\1-(\d+)\naws_secret_access_key = secret-\1-\2\naws_session_token = \1-\2-(t+)\n\n?$/;
    const [, profile = '', turn = '', filling] = form.exec(section) ?? [];
    if (filling?.length !== 600 + Number(turn)) throw new Error(`torn: ${section}`);
    if (Number(turn) < (last.get(profile) ?? 0)) throw new Error(`older than before: ${section}`);
    last.set(profile, Number(turn));
    seen.add(profile);
  }
  for (const profile of last.keys()) if (!seen.has(profile)) throw new Error(`lost: ${profile}`);
}

void (what === 'update' ? update() : read());
