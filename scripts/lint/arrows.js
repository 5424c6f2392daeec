/**
 * Who may import whom below src/ (docs/architecture.md). An oxlint plugin, so that an arrow that is not in the table
 * fails the lint, whether it is drawn by import, by export from, or by a lazy import().
 */

/** What the whole path is made of. */
const whole = [
  'credential-plan.ts',
  'credentials.ts',
  'failure-kind.ts',
  'pipeline.ts',
  'identity',
  'session',
  'role-chain',
  'failover',
];

/**
 * Folder or file at the top of src -> what it may import: such a folder or file, or one file of a folder. A `type:`
 * entry allows `import type` only.
 */
const arrows = {
  'errors.ts': [],
  'credentials.ts': [],
  'failure-kind.ts': [],
  'version.ts': [],
  'supported-node.ts': [],
  'nearest.ts': [],
  'given-shape.ts': ['nearest.ts'],
  'looks-like-content.ts': [],
  'pkcs11-uri.ts': ['nearest.ts', 'type:identity'],
  options: [
    'nearest.ts',
    'looks-like-content.ts',
    'pkcs11-uri.ts',
    'type:identity',
    'type:session',
    'type:credential-plan.ts',
    'type:role-chain',
    'role-chain/check-hop.ts',
  ],
  identity: ['given-shape.ts', 'looks-like-content.ts', 'pkcs11-uri.ts', 'failure-kind.ts'],
  'sigv4-x509': ['type:identity'],
  session: [
    'credentials.ts',
    'sigv4-x509',
    'type:identity',
    'identity/x509/check-leaf.ts',
    'identity/x509/explain-leaf.ts',
  ],
  'role-chain': ['credentials.ts', 'given-shape.ts', 'session', 'type:credential-plan.ts'],
  refresh: [
    'credentials.ts',
    'failure-kind.ts',
    'type:credential-plan.ts',
    'type:identity',
    'type:role-chain',
    'type:session',
  ],
  trust: [],
  sandbox: ['trust', 'given-shape.ts', 'supported-node.ts'],
  failover: ['credentials.ts', 'failure-kind.ts'],
  'credential-plan.ts': ['type:identity', 'type:role-chain', 'type:session'],
  'pipeline.ts': [
    'credential-plan.ts',
    'credentials.ts',
    'identity',
    'sigv4-x509',
    'session',
    'role-chain',
    'failover',
  ],
  'pipeline-held.ts': [...whole, 'refresh'],
  'pipeline-cached.ts': [...whole, 'refresh', 'renew-cached.ts'],
  'renew-cached.ts': [...whole, 'refresh'],
  faces: [
    'credential-plan.ts',
    'credentials.ts',
    'failure-kind.ts',
    'given-shape.ts',
    'pipeline.ts',
    'pipeline-held.ts',
    'pipeline-cached.ts',
    'identity',
    'options',
    'refresh',
    'type:failover',
    'type:role-chain',
    'role-chain/check-hop.ts',
    'type:session',
    'version.ts',
  ],
  doctor: ['options', 'identity', 'session', 'trust'],
  cli: [
    'faces',
    'doctor',
    'sandbox',
    'options',
    'nearest.ts',
    'version.ts',
    'type:credentials.ts',
    'type:credential-plan.ts',
    'type:pipeline.ts',
    'type:pipeline-held.ts',
    'type:pipeline-cached.ts',
    'refresh/clock.ts',
    'refresh/cache/list-entries.ts',
    'type:refresh',
    'type:identity',
    'type:session',
  ],
  'check-library.ts': [
    'given-shape.ts',
    'identity/identity-fault.ts',
    'type:identity',
    'type:credential-plan.ts',
    'type:role-chain',
    'type:session',
    'type:sigv4-x509',
  ],
  'library.ts': [
    'check-library.ts',
    'pipeline.ts',
    'identity',
    'sigv4-x509',
    'type:credential-plan.ts',
    'type:credentials.ts',
  ],
  'index.ts': ['*'],
};

/** Packages and built-ins that only these folders may touch. */
const owners = {
  pkcs11js: ['identity/backends/pkcs11/'],
  '@aws-sdk/': ['role-chain/'],
  '@smithy/': ['faces/provider/'],
  '@noble/post-quantum': ['identity/x509/', 'identity/backends/file/', 'trust/', 'sandbox/'],
  '@peculiar/x509': ['sandbox/', 'trust/', 'doctor/'],
  'prom-client': ['faces/serve/'],
  'node:process': ['cli/'],
};

/** A library of others' programs has no argv: what it takes from the process by itself, it takes in these files alone. */
const processMembers = {
  'faces/provider/ambient.ts': ['env'],
  'supported-node.ts': ['version', 'versions'],
};

/** Path below src/ of a file, or undefined outside of it. */
function belowSrc(filename) {
  const at = filename.replaceAll('\\', '/').lastIndexOf('/src/');
  return at === -1 ? undefined : filename.replaceAll('\\', '/').slice(at + '/src/'.length);
}

function resolveBelowSrc(from, specifier) {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function whyNot(from, specifier, typeOnly) {
  const place = from.split('/')[0];
  if (!specifier.startsWith('.')) {
    const owner = Object.keys(owners).find((name) => specifier === name || specifier.startsWith(name));
    return owner === undefined || typeOnly || owners[owner].some((folder) => from.startsWith(folder))
      ? undefined
      : `${specifier} may be imported only in ${owners[owner].map((folder) => `src/${folder}`).join(' and ')}`;
  }
  const path = resolveBelowSrc(from, specifier);
  const target = path.split('/')[0];
  if (target === place || target === 'errors.ts') return undefined;
  const allowed = arrows[place];
  if (allowed === undefined) return `src/${place} has no row in scripts/lint/arrows.js`;
  if (allowed.includes('*') || allowed.includes(target) || allowed.includes(path)) return undefined;
  if (allowed.includes(`type:${target}`)) {
    return typeOnly ? undefined : `src/${place} may import only types from src/${target}`;
  }
  return `src/${place} must not import src/${target}`;
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
