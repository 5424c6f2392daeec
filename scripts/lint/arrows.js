/**
 * Who may import whom below src/ (docs/architecture.md). An oxlint plugin, so that an arrow that is not in the table
 * fails the lint, whether it is drawn by import, by export from, or by a lazy import().
 */

/**
 * Folder or file below src -> what it may import: folders and files. A `type:` entry allows `import type` only. The
 * longest entry that a path begins with is the one that counts, for the file that imports and for what it imports.
 */
const arrows = {
  core: [],
  'core/fs': ['core', 'ffi'],
  ffi: [],
  'version.ts': [],
  'supported-node.ts': [],
  options: [
    'core',
    'identity/pkcs11-uri.ts',
    'identity/x509/name-text.ts',
    'identity/x509/usage-names.ts',
    'type:identity',
    'type:aws',
    'aws/assume-role/check-hop.ts',
    'type:pipeline/credential-plan.ts',
  ],
  runtime: ['core', 'type:identity', 'identity/private-key.ts', 'identity/x509', 'identity/backends/file', 'aws/http'],
  identity: ['core', 'ffi', 'runtime'],
  'identity/pkcs11-uri.ts': ['core', 'type:identity'],
  'aws/sigv4-x509': ['core', 'runtime', 'type:identity'],
  'aws/sigv4': ['core', 'runtime', 'type:aws/http', 'aws/sigv4-x509'],
  'aws/service': ['core', 'aws/http', 'aws/sigv4', 'type:aws/create-session'],
  'aws/http': ['core', 'runtime', 'type:identity', 'type:aws/create-session'],
  'aws/create-session': ['core', 'aws/http', 'aws/sigv4-x509', 'type:identity', 'trust'],
  'aws/assume-role': ['core', 'aws/http', 'aws/create-session', 'type:pipeline'],
  'aws/assume-role/check-hop.ts': ['core', 'aws/assume-role'],
  'pipeline/credential-plan.ts': ['core', 'type:identity', 'type:aws'],
  'pipeline/failover': ['core'],
  'pipeline/refresh': ['core', 'type:pipeline'],
  'pipeline/disk-cache': [
    'core',
    'runtime',
    'pipeline/refresh',
    'identity/backends/sources.ts',
    'identity/backends/settings.ts',
    'type:pipeline',
    'type:identity',
    'type:aws',
  ],
  pipeline: ['core', 'identity', 'aws', 'pipeline'],
  outputs: [
    'core',
    'runtime',
    'type:ffi',
    'doctor',
    'options',
    'identity',
    'pipeline',
    'type:aws',
    'aws/assume-role/check-hop.ts',
    'version.ts',
  ],
  trust: ['core/nearest.ts', 'supported-node.ts'],
  certificates: [
    'core',
    'options',
    'identity',
    'trust',
    'aws/service',
    'aws/sigv4-x509/canonical-request.ts',
    'type:aws/http',
    'type:pipeline',
  ],
  testing: ['identity', 'supported-node.ts'],
  sandbox: ['trust', 'core/given-shape.ts', 'supported-node.ts'],
  doctor: [
    'core',
    'options',
    'identity',
    'aws',
    'trust',
    'type:pipeline',
    'pipeline/disk-cache/list-entries.ts',
    'pipeline/disk-cache/entry-key.ts',
  ],
  cli: [
    'core',
    'ffi',
    'runtime',
    'options',
    'outputs',
    'doctor',
    'certificates',
    'sandbox',
    'version.ts',
    'type:identity',
    'type:aws',
    'type:pipeline',
    'pipeline/refresh/clock.ts',
    'pipeline/disk-cache/list-entries.ts',
  ],
  'check-library.ts': [
    'core',
    'identity/identity-fault.ts',
    'identity/backends/settings.ts',
    'aws/assume-role/check-hop.ts',
    'type:identity',
    'type:aws',
    'type:pipeline',
  ],
  'library.ts': [
    'core',
    'type:doctor',
    'type:outputs/provider',
    'outputs/provider/examine-init.ts',
    'check-library.ts',
    'pipeline/pipeline.ts',
    'identity',
    'aws/sigv4-x509',
    'type:pipeline',
  ],
  'index.ts': ['*'],
};

/** Packages and built-ins that only these folders may touch. */
const owners = {
  'bun:ffi': ['ffi/'],
  '@aws-sdk/': ['aws/assume-role/'],
  '@smithy/': ['outputs/provider/'],
  '@noble/post-quantum': ['identity/x509/', 'identity/backends/file/', 'trust/', 'sandbox/'],
  '@peculiar/x509': ['sandbox/', 'trust/', 'doctor/'],
  'prom-client': ['outputs/serve/'],
  'node:process': ['cli/'],
};

/** A library of others' programs has no argv: what it takes from the process by itself, it takes in these files alone. */
const processMembers = {
  'outputs/provider/ambient.ts': ['env'],
  'supported-node.ts': ['version', 'versions'],
  'core/fs/read-file-at-start.ts': ['platform'],
  'runtime/bun/crypto.ts': ['getBuiltinModule'],
  'runtime/bun/output.ts': ['platform', 'getBuiltinModule', 'binding'],
  'runtime/bun/certificate.ts': ['getBuiltinModule'],
};

/** Path below src/ of a file, or undefined outside of it. */
function belowSrc(filename) {
  const at = filename.replaceAll('\\', '/').lastIndexOf('/src/');
  return at === -1 ? undefined : filename.replaceAll('\\', '/').slice(at + '/src/'.length);
}

function resolveBelowSrc(from, specifier) {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

const isBelow = (path, entry) => path === entry || path.startsWith(`${entry}/`);

/** The row that a file below src/ belongs to. */
function rowOf(path) {
  const [longest] = Object.keys(arrows)
    .filter((entry) => isBelow(path, entry))
    .sort((one, other) => other.length - one.length);
  return longest;
}

function whyNot(from, specifier, typeOnly) {
  if (!specifier.startsWith('.')) {
    const owner = Object.keys(owners).find((name) => specifier === name || specifier.startsWith(name));
    return owner === undefined || typeOnly || owners[owner].some((folder) => from.startsWith(folder))
      ? undefined
      : `${specifier} may be imported only in ${owners[owner].map((folder) => `src/${folder}`).join(' and ')}`;
  }
  const path = resolveBelowSrc(from, specifier);
  const [row, target] = [rowOf(from), rowOf(path) ?? path];
  if (row === undefined) return `src/${from.split('/')[0]} has no row in scripts/lint/arrows.js`;
  if (row === target || isBelow(path, row) || path === 'core/errors.ts') return undefined;
  const allowed = arrows[row];
  const allows = (prefix) =>
    allowed.includes(`${prefix}*`) ||
    allowed.some((entry) => entry.startsWith(prefix) && isBelow(path, entry.slice(prefix.length)));
  if (allows('')) return undefined;
  if (!allows('type:')) return `src/${row} must not import src/${target}`;
  return typeOnly ? undefined : `src/${row} may import only types from src/${target}`;
}

const rule = {
  create(context) {
    const from = belowSrc(context.filename ?? context.getFilename());
    if (from === undefined) return {};
    const check = (node, typeOnly) => {
      if (typeof node.source?.value !== 'string') return;
      const message = whyNot(from, node.source.value, typeOnly);
      if (message !== undefined) context.report({ node: node.source, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node.importKind === 'type'),
      ExportNamedDeclaration: (node) => check(node, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => context.report({ node, message: 'export * hides what a file gives; name it' }),
      ImportExpression: (node) => check(node, false),
      MemberExpression: (node) => {
        if (node.object.type !== 'Identifier' || node.object.name !== 'process' || from.startsWith('cli/')) return;
        if (processMembers[from]?.includes(node.property.name)) return;
        context.report({ node, message: 'process.* belongs to src/cli' });
      },
    };
  },
};

export default { meta: { name: 'house' }, rules: { arrows: rule } };
