/**
 * The library, out of one source in two forms: ES modules in dist/lib, and CommonJS in dist/cjs for `require()`, for
 * TypeScript that emits it and for Jest. Each file stands where its source does; those of ES modules have its comments.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build, transform } from 'esbuild';
import { root, run } from '../lib/set-up.mjs';
import { constants, workedOut } from './worked-out.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What a user's installation has. Every other package that the source imports is bundled. */
const installed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });

const forms = {
  esm: {
    folder: join(root, 'dist', 'lib'),
    config: 'tsconfig.lib.json',
    script: '.js',
    types: '.d.ts',
    late: /await import\('(\.[^']+)'\)/g,
    early: (name, path) => `import * as ${name} from '${path}';\n`,
  },
  cjs: {
    folder: join(root, 'dist', 'cjs'),
    config: 'tsconfig.cjs.json',
    script: '.cjs',
    types: '.d.cts',
    late: /await Promise\.resolve\(\)\.then\(\(\) => require\('(\.[^']+)'\)\)/g,
    early: (name, path) => `const ${name} = require('${path}');\n`,
  },
};

const entries = ['index', 'sandbox/index', 'testing/index', 'trust/index'];

/** Builds both forms and returns the files of other packages that went in, and in which file of CommonJS each package is. */
export async function buildLibrary() {
  const [esm, cjs] = [await buildForm('esm'), await buildForm('cjs')];
  return { inputs: [...esm.inputs, ...cjs.inputs], vendored: cjs.vendored };
}

async function buildForm(format) {
  const form = forms[format];
  rmSync(form.folder, { recursive: true, force: true });
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', form.config]);
  const compiled = compiledFiles(form);
  compiled.set(compiledPath(workedOut, form), await constants(format));
  const scripts = reachable(compiled, form, form.script);
  const bundled = packagesIn(scripts);
  for (const [path, text] of scripts) {
    const whole = importedAtOnce(withBundled(text, path, bundled, form), path, form);
    write(path, format === 'cjs' ? await withoutComments(whole) : whole);
  }
  writeTypes(compiled, format);
  const inputs = await bundlePackages(bundled, form, format);
  return { inputs, vendored: new Map([...bundled].map((name) => [name, vendorFile(name, form)])) };
}

/** What tsc wrote, by the names that it gets; the folder is empty afterwards. */
function compiledFiles(form) {
  const files = readdirSync(form.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map(({ parentPath, name }) => {
    const text = readFileSync(join(parentPath, name), 'utf8').replaceAll(
      '__VERSION__',
      JSON.stringify(manifest.version),
    );
    const path = join(parentPath, name.replace(/\.d\.ts$/, form.types).replace(/(?<!\.d)\.js$/, form.script));
    return [path, asWritten(text).replaceAll(/(?<=["']\.\.?\/[^"'\n]*)\.[jt]s(?=["'])/g, form.script)];
  });
  rmSync(form.folder, { recursive: true });
  return new Map(texts);
}

/**
 * Without the helpers of tsc, up to thirty lines in each file, for what does not occur here: what is required is either
 * CommonJS of ours or has the names that are asked of it, and no import() of a variable names a file. Such an import()
 * stays one in CommonJS too: a require() of a variable is a riddle to bundlers.
 */
function asWritten(text) {
  return text
    .replace(/^var __createBinding = [\s\S]*?^\}\)\(\);\n/m, '')
    .replaceAll(/__importStar\((require\([^()]*\))\)/g, '$1')
    .replace(/^var __rewriteRelativeImportExtension = [\s\S]*?^\};\n/m, '')
    .replaceAll(/Promise\.resolve\(`\$\{(__rewrite\w+\(.*?\))\}`\)\.then\(s => require\(s\)\)/g, 'import($1)')
    .replaceAll(/__rewriteRelativeImportExtension\((.*?)\)/g, '$1');
}

/** But for those that tell bundlers what not to follow. */
async function withoutComments(text) {
  const { code } = await transform(text, { target: 'node20.19', charset: 'utf8', legalComments: 'none' });
  return code.replaceAll(/\bimport\(\s+([^)]*?)\s+\)/g, (_, inside) => `import(${inside.replaceAll(/\s+/g, ' ')})`);
}

/** Where a source is in what is published. */
function compiledPath(source, form) {
  return join(form.folder, relative(join(root, 'src'), source).replace(/\.ts$/, form.script));
}

/** The files, without their endings, that a process that lives on has before it needs them. */
function preloaded({ folder }) {
  const [, parts] = /^const parts\b[^\n]* = \[\n(.*?)^\];/ms.exec(
    readFileSync(join(root, 'src/pipeline/preload.ts'), 'utf8'),
  );
  const names = [...parts.matchAll(/import\('(\..*?)\.ts'\)/g)].map(([, name]) => name);
  return new Set(names.map((name) => resolve(folder, 'pipeline', name)));
}

/**
 * What is loaded ahead of its need anyway is imported with the file that needs it. Node looks for a file at each place
 * that names it, loaded or not: an `import()` would fail where the package was replaced or removed in the meantime.
 */
function importedAtOnce(text, path, form) {
  const parts = preloaded(form);
  const lines = [];
  const changed = text.replaceAll(form.late, (whole, name) => {
    if (!parts.has(resolve(dirname(path), name).slice(0, -form.script.length))) return whole;
    lines.push(form.early(`late_${lines.length + 1}`, name));
    return `late_${lines.length}`;
  });
  return lines.length === 0 ? text : changed.replace(/^("use strict";\n)?/, (start) => start + lines.join(''));
}

/** The files of one kind that the entries need, with what each holds. tsc writes one for every source. */
function reachable(compiled, form, ending) {
  const found = new Map();
  const pending = entries.map((entry) => join(form.folder, entry + ending));
  for (const path of pending) {
    if (found.has(path)) continue;
    const text = compiled.get(path);
    found.set(path, text);
    for (const [, name] of text.matchAll(/["'](\.\.?\/[^"'\n]+)\.c?js["']/g)) {
      pending.push(resolve(dirname(path), name + ending));
    }
  }
  return found;
}

/** Both forms have the types of the one, so that what is an error or a signer to one is so to the other, too. */
function writeTypes(compiled, format) {
  if (format === 'cjs') {
    for (const [path, text] of reachable(compiled, forms.cjs, forms.cjs.types)) {
      write(path, text.replace(sideEffectImports, ''));
    }
    return;
  }
  for (const entry of entries) {
    const path = join(forms.esm.folder, entry);
    const other = relative(dirname(path), join(forms.cjs.folder, entry)).replaceAll('\\', '/');
    write(path + forms.esm.types, `export * from '${other}${forms.cjs.script}';\n`);
  }
}

/** The name of a package that is imported or required, but not in an example of a comment. */
const specifier =
  /(?<=^(?:import|export) .*from ["']|^import ["']|^(?! *\*).*\b(?:import|require)\(["'])(?!\.|node:)[^"'\n]+(?=["'])/gm;

/** What is loaded for its effect gives no types: tsc leaves it in them all the same. */
const sideEffectImports = /^import ["'][^"'\n]+["'];\n/gm;

function packagesIn(scripts) {
  const named = [...scripts.values()].flatMap((text) => text.match(specifier) ?? []);
  const isBundled = (name) => !installed.some((own) => name === own || name.startsWith(`${own}/`));
  return new Set(named.filter(isBundled));
}

/** `@peculiar/x509` -> `vendor/peculiar-x509.js`. */
function vendorFile(name, form) {
  const base = name.replace(/\.js$/, '').replaceAll('@', '').replaceAll('/', '-');
  return join(form.folder, 'vendor', base + form.script);
}

function withBundled(text, path, bundled, form) {
  return text.replaceAll(specifier, (name) => {
    if (!bundled.has(name)) return name;
    const file = relative(dirname(path), vendorFile(name, form)).replaceAll('\\', '/');
    return file.startsWith('.') ? file : `./${file}`;
  });
}

async function bundlePackages(bundled, form, format) {
  const inputs = [];
  for (const name of bundled) {
    const { metafile } = await build({
      absWorkingDir: root,
      stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: root },
      outfile: vendorFile(name, form),
      bundle: true,
      platform: 'node',
      format,
      target: 'node20.19',
      mainFields: ['module', 'main'],
      minify: true,
      legalComments: 'none',
      metafile: true,
      logLevel: 'warning',
    });
    inputs.push(...Object.keys(metafile.inputs));
  }
  return inputs;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
