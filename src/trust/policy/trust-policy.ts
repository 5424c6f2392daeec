import { askCondition, type ConditionResult, describeMismatch } from './condition.ts';
import type { PolicyContext } from './policy-context.ts';
import { isAction, readStatements, type Statement } from './policy-document.ts';
import { type PolicyWarning, warningsOf } from './policy-warnings.ts';

/** Who calls: a service in its own name, or a role session. */
export type PolicyPrincipal =
  | { readonly kind: 'service'; readonly name: string }
  | {
      readonly kind: 'role-session';
      readonly accountId: string;
      /** ARN of the account, of the role and of the session: a policy may name any of them. */
      readonly arns: readonly string[];
    };

/** What a trust policy is asked. */
export interface PolicyRequest {
  /** `sts:AssumeRole`. */
  readonly action: string;
  readonly principal: PolicyPrincipal;
  readonly context: PolicyContext;
}

/** A statement that names the action and the caller, with what came of its conditions. */
export interface StatementResult {
  /** Counted from 1. */
  readonly number: number;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly conditions: readonly ConditionResult[];
  /** All conditions hold. */
  readonly applies: boolean;
}

/** What a trust policy says to a request, and by which statement. */
export interface PolicyDecision {
  readonly action: string;
  /** Explicit: a Deny. Implicit: no Allow. */
  readonly effect: 'allow' | 'explicit-deny' | 'implicit-deny';
  /** The statement that decided: the Allow or Deny that applies; of an implicit deny none. */
  readonly decidedBy: StatementResult | undefined;
  /** All statements that name the action and the caller, in their order. */
  readonly concerned: readonly StatementResult[];
  /** In words: lower case, no full stop. */
  readonly reason: string;
}

/** A role's trust policy, ready to be asked. */
export interface TrustPolicy {
  /** What it is open to, or will refuse, whoever asks. */
  readonly warnings: readonly PolicyWarning[];
  /** What it says to a request. */
  decide(request: PolicyRequest): PolicyDecision;
  /** Why it does not allow the request: lower case, no full stop; undefined when it does. */
  denial(request: PolicyRequest): string | undefined;
}

/**
 * Reads a trust policy document (IAM user guide, policy grammar and evaluation logic): the whole grammar of a role's
 * trust policy, every operator, variables. What IAM would refuse is refused, in IAM's words where they are known.
 *
 * @example
 * ```ts
 * import { makePolicyContext, readTrustPolicy } from 'roles-anywhere/trust';
 *
 * const policy = readTrustPolicy({
 *   Version: '2012-10-17',
 *   Statement: [
 *     {
 *       Effect: 'Allow',
 *       Principal: { Service: 'rolesanywhere.amazonaws.com' },
 *       Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
 *       Condition: { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'worker' } },
 *     },
 *   ],
 * });
 * const decision = policy.decide({
 *   action: 'sts:AssumeRole',
 *   principal: { kind: 'service', name: 'rolesanywhere.amazonaws.com' },
 *   context: makePolicyContext({
 *     keys: {},
 *     principalTags: new Map([['x509Subject/CN', 'worker']]),
 *     requestTags: new Map(),
 *     transitiveTagKeys: [],
 *   }),
 * });
 * console.log(decision.effect, decision.reason, policy.warnings);
 * ```
 * @param document the policy as an object or as JSON text
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function readTrustPolicy(document: unknown): TrustPolicy {
  const statements = readStatements(document);
  const decide = (request: PolicyRequest): PolicyDecision => findDecision(statements, request);
  let warnings: readonly PolicyWarning[] | undefined;
  return {
    // Looked for when they are asked for: whoever decides has no use for them.
    get warnings() {
      return (warnings ??= warningsOf(statements, document));
    },
    decide,
    denial: (request) => {
      const { effect, reason } = decide(request);
      return effect === 'allow' ? undefined : reason;
    },
  };
}

/** An explicit deny wins; then one statement that allows is enough (IAM user guide, evaluation logic). */
function findDecision(statements: readonly Statement[], request: PolicyRequest): PolicyDecision {
  const { action } = request;
  const concerned = statements.filter((one) => concerns(one, request)).map((one) => ask(one, request));
  const holding = concerned.filter(({ applies }) => applies);
  const deny = holding.find(({ effect }) => effect === 'Deny');
  const decidedBy = deny ?? holding[0];
  if (decidedBy !== undefined) {
    const [effect, verb] = deny === undefined ? (['allow', 'allows'] as const) : (['explicit-deny', 'denies'] as const);
    const reason = `the trust policy ${verb} ${action} by ${nameOf(decidedBy)}${because(decidedBy)}`;
    return { action, effect, decidedBy, concerned, reason };
  }
  const allows = concerned.filter(({ effect }) => effect === 'Allow');
  return { action, effect: 'implicit-deny', decidedBy: undefined, concerned, reason: whyNot(allows, request) };
}

function concerns(statement: Statement, request: PolicyRequest): boolean {
  return isAction(statement, request.action) && isPrincipal(statement, request.principal);
}

/** `{ "AWS": "*" }` is everybody where something is denied; what allows is read as accounts alone. */
function isPrincipal({ principals, effect }: Statement, caller: PolicyPrincipal): boolean {
  if (effect === 'Deny' && principals.get('AWS')?.includes('*')) return true;
  const names = principals.get(caller.kind === 'service' ? 'Service' : 'AWS') ?? [];
  if (names.includes('*')) return true;
  return caller.kind === 'service'
    ? names.includes(caller.name)
    : names.includes(caller.accountId) || caller.arns.some((arn) => names.includes(arn));
}

function ask({ number, sid, effect, conditions }: Statement, { context }: PolicyRequest): StatementResult {
  const results = conditions.map((condition) => askCondition(condition, context));
  return { number, sid, effect, conditions: results, applies: results.every(({ holds }) => holds) };
}

function nameOf({ number, sid }: { readonly number: number; readonly sid: string | undefined }): string {
  return sid === undefined ? `statement ${number}` : `statement ${number} (${sid})`;
}

/** The values by which a statement with conditions applies. */
function because({ conditions }: StatementResult): string {
  if (conditions.length === 0) return '';
  const held = conditions.map(({ operator, key, found }) => {
    const has = found.length === 0 ? 'is absent' : `is "${found.join('", "')}"`;
    return `${operator}: ${key} ${has}`;
  });
  return `, as ${held.join(' and ')}`;
}

function whyNot(allows: readonly StatementResult[], { action, principal }: PolicyRequest): string {
  if (allows.length === 0) {
    const caller = principal.kind === 'service' ? principal.name : principal.arns.at(-1);
    return `no statement of the trust policy allows ${action} to ${caller}`;
  }
  const reasons = allows.map((statement) => {
    const failed = statement.conditions.filter(({ holds }) => !holds).map(describeMismatch);
    return `${nameOf(statement)}: ${failed.join(' and ')}`;
  });
  return `the trust policy does not allow ${action}: ${reasons.join('; ')}`;
}
