import {
  type Condition,
  entries,
  isLike,
  notEvaluated,
  type PolicyContext,
  readConditions,
  strings,
} from './policy-condition.ts';

/** Who calls: a service in its own name, or a role session. */
export type PolicyPrincipal =
  | { readonly kind: 'service'; readonly name: string }
  | {
      readonly kind: 'role-session';
      readonly accountId: string;
      /** ARN of the account, of the role and of the session: a policy may name any of them. */
      readonly arns: readonly string[];
    };

interface PolicyRequest {
  /** `sts:AssumeRole`. */
  readonly action: string;
  readonly principal: PolicyPrincipal;
  readonly context: PolicyContext;
}

/** A role's trust policy, ready to be asked. */
export interface TrustPolicy {
  /** Why the policy does not allow it: lower case, no full stop; undefined when it does. */
  denial(request: PolicyRequest): string | undefined;
}

interface Statement {
  readonly allows: boolean;
  readonly principals: ReadonlyMap<string, readonly string[]>;
  readonly actions: readonly string[];
  readonly conditions: readonly Condition[];
}

/**
 * Reads a trust policy document (IAM user guide, policy grammar). What is not evaluated here is refused rather than
 * passed over: NotPrincipal, NotAction, policy variables, and the numeric, date, binary and address operators.
 * @param document the policy as an object or as JSON text
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function readTrustPolicy(document: unknown): TrustPolicy {
  const policy = Object.fromEntries(entries(typeof document === 'string' ? parse(document) : document, 'its top'));
  const list = Array.isArray(policy['Statement']) ? policy['Statement'] : [policy['Statement']];
  const statements = list.map((statement) => readStatement(Object.fromEntries(entries(statement, 'Statement'))));
  return { denial: (request) => findDenial(statements, request) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notEvaluated('its top', 'text that is no JSON');
  }
}

function readStatement(statement: Record<string, unknown>): Statement {
  for (const element of ['NotPrincipal', 'NotAction', 'NotResource']) {
    if (statement[element] !== undefined) throw notEvaluated('Statement', element);
  }
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') throw notEvaluated('Effect', 'neither Allow nor Deny');
  return {
    allows: effect === 'Allow',
    principals: readPrincipals(statement['Principal']),
    actions: strings(statement['Action'], 'Action').map((action) => action.toLowerCase()),
    conditions: readConditions(statement['Condition']),
  };
}

function readPrincipals(principal: unknown): ReadonlyMap<string, readonly string[]> {
  const everyone = principal === '*' ? { AWS: '*', Service: '*' } : principal;
  return new Map(entries(everyone, 'Principal').map(([kind, names]) => [kind, strings(names, `Principal ${kind}`)]));
}

/** An explicit deny wins; then one statement that allows is enough (IAM user guide, evaluation logic). */
function findDenial(statements: readonly Statement[], request: PolicyRequest): string | undefined {
  const concerned = statements.filter((statement) => concerns(statement, request));
  const holding = concerned.filter((statement) => unmet(statement, request) === undefined);
  if (holding.some((statement) => !statement.allows)) return `the trust policy denies ${request.action} by a statement`;
  if (holding.length > 0) return undefined;
  const caller = request.principal.kind === 'service' ? request.principal.name : request.principal.arns.at(-1);
  const reasons = concerned.filter((statement) => statement.allows).map((statement) => unmet(statement, request));
  return reasons.length === 0
    ? `no statement of the trust policy allows ${request.action} to ${caller}`
    : `the trust policy does not allow ${request.action}: ${reasons.join('; ')}`;
}

function concerns(statement: Statement, request: PolicyRequest): boolean {
  return isAction(statement.actions, request.action) && isPrincipal(statement.principals, request.principal);
}

/** Without regard to case, with wildcards anywhere (IAM user guide, Action). Patterns are in lower case. */
function isAction(actions: readonly string[], action: string): boolean {
  return actions.some((pattern) => isLike(action.toLowerCase(), pattern));
}

function isPrincipal(principals: ReadonlyMap<string, readonly string[]>, caller: PolicyPrincipal): boolean {
  const names = principals.get(caller.kind === 'service' ? 'Service' : 'AWS') ?? [];
  if (names.includes('*')) return true;
  return caller.kind === 'service'
    ? names.includes(caller.name)
    : names.includes(caller.accountId) || caller.arns.some((arn) => names.includes(arn));
}

function unmet(statement: Statement, request: PolicyRequest): string | undefined {
  const reasons = statement.conditions.map((condition) => condition(request.context));
  const problems = reasons.filter((reason) => reason !== undefined);
  return problems.length === 0 ? undefined : problems.join(' and ');
}
