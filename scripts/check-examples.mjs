/** Compiles every ```ts example of the sources' docstrings and of the documentation, as a user of the package would. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, run } from './lib/set-up.mjs';

const folder = join(root, '.cache', 'examples');

function filesBelow(path, ending) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The text of each fenced block, without the ` * ` of a docstring. */
function examples(text) {
  return [...text.matchAll(/^( *\*)? *```ts\n([\s\S]*?)^\1? *```/gm)].map((match) =>
    (match[2] ?? '').replaceAll(/^ *\* ?/gm, ''),
  );
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const sources = [
  join(root, 'README.md'),
  ...filesBelow(join(root, 'docs'), '.md'),
  ...filesBelow(join(root, 'src'), '.ts'),
];
let count = 0;
for (const source of sources) {
  for (const [index, example] of examples(readFileSync(source, 'utf8')).entries()) {
    const name = `${relative(root, source).replaceAll(/[^a-z0-9]+/gi, '-')}-${index + 1}.ts`;
    writeFileSync(join(folder, name), `${example}\nexport {};\n`);
    count += 1;
  }
}
// Every client takes its credentials in the same way, and that of STS is installed.
writeFileSync(join(folder, 'client-s3.ts'), "export { STSClient as S3Client } from '@aws-sdk/client-sts';\n");
const compilerOptions = {
  paths: {
    'roles-anywhere': ['../../src/index.ts'],
    'roles-anywhere/sandbox': ['../../src/sandbox/index.ts'],
    'roles-anywhere/testing': ['../../src/testing/index.ts'],
    'roles-anywhere/trust': ['../../src/trust/index.ts'],
    '@aws-sdk/client-s3': ['./client-s3.ts'],
  },
};
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] }),
);
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]);
console.log(`${count} examples compile`);
