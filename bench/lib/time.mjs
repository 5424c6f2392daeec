import { spawn } from 'node:child_process';

/** Runs one program to its end; milliseconds, and what it wrote on descriptor 3. */
export function time([program, ...args], env) {
  return new Promise((settle, fail) => {
    const start = performance.now();
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const texts = ['', '', '', ''];
    for (const number of [1, 2, 3]) child.stdio[number].on('data', (chunk) => (texts[number] += chunk));
    child.once('error', fail);
    child.once('close', (code) => {
      const elapsed = performance.now() - start;
      if (code === 0) settle({ elapsed, report: texts[3] });
      else fail(new Error(`${program} ${args[0]} ended with ${code}: ${texts[2]}`));
    });
  });
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
