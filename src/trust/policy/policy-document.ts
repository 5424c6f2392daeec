import { type Condition, readConditions } from './condition.ts';
import { isMatch, type Pattern, patternOf } from './pattern.ts';
import { policyFault } from './policy-fault.ts';
import { elements, strings } from './policy-json.ts';

/** One statement of a trust policy, ready to be asked. */
export interface Statement {
  /** Counted from 1. */
  readonly number: number;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** By kind: `Service`, `AWS`, `Federated`, `CanonicalUser`. */
  readonly principals: ReadonlyMap<string, readonly string[]>;
  readonly actions: ActionList;
  readonly conditions: readonly Condition[];
}

/** Action or NotAction of a statement. */
interface ActionList {
  /** NotAction: every action but these. */
  readonly inverted: boolean;
  /** As written. */
  readonly names: readonly string[];
  /** In lower case: actions are compared without regard to case. */
  readonly patterns: readonly Pattern[];
}

const versions = ['2012-10-17', '2008-10-17'];
const topElements = new Set(['Version', 'Id', 'Statement']);
const statementElements = new Set(['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Condition']);
const principalKinds = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);

/** What IAM says of elements that other policies may have. */
const prohibited: Readonly<Record<string, string>> = {
  NotPrincipal: 'AssumeRole policy must not contain NotPrincipal field',
  Resource: 'AssumeRole policy must not contain resources (Has prohibited field Resource)',
  NotResource: 'AssumeRole policy must not contain resources (Has prohibited field NotResource)',
};

/**
 * Reads a trust policy document (IAM user guide, grammar of the policy language), as strictly as IAM takes one for a
 * role, in its words where they are known.
 * @param document the policy as an object or as JSON text
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function readStatements(document: unknown): Statement[] {
  const policy = new Map(elements(typeof document === 'string' ? parse(document) : document, 'the policy'));
  refuseOthers(policy, topElements, 'the policy');
  const version = policy.get('Version');
  if (version !== undefined && !versions.some((known) => known === version)) {
    throw policyFault(`The policy must contain a valid version string (${versions.join(' or ')})`);
  }
  const given = policy.get('Statement');
  const list: unknown[] = Array.isArray(given) ? given : given === undefined ? [] : [given];
  if (list.length === 0) throw policyFault('Could not parse the policy: Statement is empty!');
  // The one difference between the versions: that of 2008, which is also meant by none, has no variables.
  const hasVariables = version === versions[0];
  const statements = list.map((one, index) => readStatement(one, index + 1, hasVariables));
  const sids = statements.flatMap(({ sid }) => (sid === undefined ? [] : [sid]));
  if (new Set(sids).size < sids.length) throw policyFault('The Statement Ids in the policy are not unique');
  return statements;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw policyFault('This policy contains invalid Json');
  }
}

function refuseOthers(given: ReadonlyMap<string, unknown>, known: ReadonlySet<string>, where: string): void {
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    throw policyFault(prohibited[name] ?? `${where} has the element ${name.slice(0, 64)}, which there is not`);
  }
}

function readStatement(value: unknown, number: number, hasVariables: boolean): Statement {
  const statement = new Map(elements(value, `statement ${number}`));
  refuseOthers(statement, statementElements, `statement ${number}`);
  return {
    number,
    sid: readSid(statement.get('Sid')),
    effect: readEffect(statement.get('Effect')),
    principals: readPrincipals(statement.get('Principal')),
    actions: readActions(statement.get('Action'), statement.get('NotAction')),
    conditions: readConditions(statement.get('Condition'), hasVariables),
  };
}

function readSid(sid: unknown): string | undefined {
  if (sid === undefined) return undefined;
  if (typeof sid === 'string' && /^[A-Za-z0-9]*$/.test(sid)) return sid === '' ? undefined : sid;
  throw policyFault('a Sid has other characters than letters and digits');
}

function readEffect(effect: unknown): 'Allow' | 'Deny' {
  if (effect === undefined) throw policyFault('Missing required field Effect');
  if (effect === 'Allow' || effect === 'Deny') return effect;
  throw policyFault('Effect is neither Allow nor Deny');
}

function readPrincipals(principal: unknown): ReadonlyMap<string, readonly string[]> {
  if (principal === undefined) throw policyFault('Missing required field Principal');
  const kinds = elements(principal === '*' ? { AWS: '*', Service: '*' } : principal, 'Principal');
  if (kinds.length === 0) throw policyFault('Missing required field Principal cannot be empty!');
  const unknown = kinds.find(([kind]) => !principalKinds.has(kind));
  if (unknown !== undefined) throw policyFault(`Principal has the kind ${unknown[0].slice(0, 64)}, which there is not`);
  return new Map(kinds.map(([kind, names]) => [kind, strings(names, `Principal ${kind}`)]));
}

function readActions(action: unknown, notAction: unknown): ActionList {
  if (action !== undefined && notAction !== undefined) throw policyFault('a statement has both Action and NotAction');
  const inverted = action === undefined;
  const given = action ?? notAction;
  if (given === undefined) throw policyFault('Missing required field Action');
  const names = strings(given, inverted ? 'NotAction' : 'Action');
  return { inverted, names, patterns: names.map((name) => patternOf(name.toLowerCase())) };
}

/** Without regard to case, with wildcards anywhere (IAM user guide, Action). */
export function isAction({ actions }: Statement, action: string): boolean {
  return actions.patterns.some((pattern) => isMatch(action.toLowerCase(), pattern)) !== actions.inverted;
}
