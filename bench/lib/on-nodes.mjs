import { execFileSync } from 'node:child_process';
import { fetchNode } from '../../scripts/lib/other-node.mjs';

/**
 * Measures on each version of `nodes`, `current` or numbers with commas between them, one after the other, and prints
 * each when it is done; with `json` all of them at the end.
 */
export async function onNodes({ nodes, json, env }, measure, print) {
  const results = {};
  for (const version of nodes.split(',')) {
    const node = version === 'current' ? process.execPath : fetchNode(version);
    const name = execFileSync(node, ['--version'], { encoding: 'utf8', env }).trim();
    results[name] = await measure(node);
    if (!json) print(name, results[name]);
  }
  if (json) console.log(JSON.stringify(results, undefined, 2));
}
