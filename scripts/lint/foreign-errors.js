/**
 * What an unexpected error says may quote a key, and is not to reach a log. An oxlint plugin: below src/ what was
 * caught, or is known to be no more than an Error, is not put into words but by describeError of src/core.
 */

/** File or folder below src -> why it may. */
const allowed = {
  'cli/report-error.ts': 'for --debug only, and not of errors that quote what they were given',
  'ffi/': "searched for the name of a package; else the loader's own words of an addon that does not load",
  'identity/backends/pkcs11/load-module.ts': "the system loader's own words of a library's path",
  'aws/assume-role/judge-failure.ts': "of an EndpointError, which the SDK's rules of endpoints throw: they see no key",
  'sandbox/': "it has nobody's keys but those that it makes for itself",
};

function reasonToPass(filename) {
  const path = filename.replaceAll('\\', '/');
  const at = path.lastIndexOf('/src/');
  if (at === -1) return 'not below src/';
  const below = path.slice(at + '/src/'.length);
  return allowed[Object.keys(allowed).find((entry) => below.startsWith(entry))];
}

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Of a parameter: what may be anything at all, and is called an error, or is known to be no more than one. */
const isForeignType = (name, type) =>
  /^:\s*Error$/.test(type) || (/^:\s*unknown$/.test(type) && /^(?:err|error|cause|reason|thrown|failure)$/.test(name));

/** How a name came into the functions around: caught, given as no more than an Error, or as something of ours. */
function isForeignName(node, name, textOf) {
  const ours = new RegExp(`\\b${name} instanceof (?!Error\\b)\\w`);
  const onlyError = new RegExp(`\\b${name} instanceof Error\\b`);
  for (let around = node.parent; around; around = around.parent) {
    if (around.type === 'CatchClause' && around.param?.name === name) {
      return onlyError.test(textOf(around)) || !ours.test(textOf(around));
    }
    if (!functions.has(around.type)) continue;
    if (onlyError.test(textOf(around))) return true;
    const parameter = around.params.find((each) => each.type === 'Identifier' && each.name === name);
    if (parameter === undefined) continue;
    const type = parameter.typeAnnotation;
    return Boolean(type) && isForeignType(name, textOf(type)) && !ours.test(textOf(around));
  }
  return false;
}

const isQuoting = (key) => key?.name === 'message' || key?.name === 'stack';

const rule = {
  create(context) {
    if (reasonToPass(context.filename ?? context.getFilename()) !== undefined) return {};
    const textOf = (node) => context.sourceCode.getText(node);
    const isForeign = (node) =>
      (node?.type === 'Identifier' && isForeignName(node, node.name, textOf)) ||
      (node?.type === 'MemberExpression' && /^(?:error|cause|reason)$/.test(node.property.name ?? ''));
    const report = (node) =>
      context.report({ node, message: 'an unexpected error may quote a key: use describeError of src/core' });
    return {
      MemberExpression: (node) => {
        if (isQuoting(node.property) && isForeign(node.object)) report(node);
      },
      CallExpression: (node) => {
        if (node.callee.name === 'String' && isForeign(node.arguments[0])) report(node);
      },
      TemplateLiteral: (node) => {
        for (const expression of node.expressions) if (isForeign(expression)) report(expression);
      },
      VariableDeclarator: (node) => {
        if (node.id.type !== 'ObjectPattern' || node.init?.type !== 'Identifier' || !isForeign(node.init)) return;
        if (node.id.properties.some(({ key }) => isQuoting(key))) report(node);
      },
      CatchClause: (node) => {
        if (node.param?.type === 'ObjectPattern') report(node.param);
      },
    };
  },
};

export default { meta: { name: 'errors' }, rules: { foreign: rule } };
