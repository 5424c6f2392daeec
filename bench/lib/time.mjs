import { spawn } from 'node:child_process';

/**
 * Runs one program to its end: milliseconds; what it wrote on descriptor 3, if it `reports`. Nobody else gets one: the launcher
 * stays in Node where it would have to hand a descriptor on.
 */
export function time([program, ...args], env, { reports = false } = {}) {
  return new Promise((settle, fail) => {
    const start = performance.now();
    const stdio = ['ignore', 'pipe', 'pipe', ...(reports ? ['pipe'] : [])];
    const child = spawn(program, args, { env, stdio });
    const texts = ['', '', '', ''];
    for (const number of stdio.keys()) child.stdio[number]?.on('data', (chunk) => (texts[number] += chunk));
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
