import type { Condition } from './condition.ts';
import { isMultivalued } from './policy-context.ts';
import { isAction, type Statement } from './policy-document.ts';
import { type Segment, segmentsOf } from './policy-variables.ts';

/**
 * What is open in a trust policy of Roles Anywhere, or will refuse sessions whatever the certificate:
 *
 * - `any-anchor`: neither aws:SourceArn nor aws:SourceAccount is asked for, so every trust anchor reaches the role.
 * - `missing-tag`: a condition holds, or a Deny does not, where a certificate lacks the attribute.
 * - `wildcard`: a wildcard where whoever requests certificates may choose the text.
 * - `everybody`: the principal is everybody.
 * - `missing-action`: sts:TagSession or sts:SetSourceIdentity is not granted to the service.
 * - `key-of-another-action`: a statement grants an action that does not know the key of its condition.
 * - `set-operator`: a key of several values without one, or one on a key of a single value.
 * - `client-address`: the client's address is not promised to be in the request.
 * - `action-form`: IAM takes actions of STS only. `size`: more characters than the quota.
 */
export type PolicyWarningRule =
  | 'any-anchor'
  | 'missing-tag'
  | 'wildcard'
  | 'everybody'
  | 'missing-action'
  | 'key-of-another-action'
  | 'set-operator'
  | 'client-address'
  | 'action-form'
  | 'size';

/** A hole in a trust policy, or something that will refuse sessions. */
export interface PolicyWarning {
  readonly rule: PolicyWarningRule;
  /** Counted from 1; undefined where it is about the whole policy. */
  readonly statement: number | undefined;
  /** What was found: lower case, no full stop. */
  readonly reason: string;
  /** What to do: lower case, no full stop. */
  readonly hint: string;
}

const service = 'rolesanywhere.amazonaws.com';

/** What a session of Roles Anywhere needs: all three, as every session is tagged and gets a source identity. */
export const sessionActions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'] as const;

/** Everything that is to be said of a policy before anybody asks it. */
export function warningsOf(statements: readonly Statement[], document: unknown): PolicyWarning[] {
  const ofService = statements.filter(isForService);
  const allows = ofService.filter(({ effect }) => effect === 'Allow');
  return [
    ...missingActions(allows),
    ...allows.flatMap(anyAnchor),
    ...allows.flatMap(missingTags),
    ...allows.flatMap(wildcards),
    ...allows.flatMap(foreignKeys),
    ...ofService.filter(({ effect }) => effect === 'Deny').flatMap(toothlessDenies),
    ...statements.flatMap(everybody),
    ...statements.flatMap(setOperators),
    ...statements.flatMap(clientAddress),
    ...statements.flatMap(actionForms),
    ...tooLong(document),
  ];
}

function isForService({ principals }: Statement): boolean {
  return (principals.get('Service') ?? []).some((name) => name === service || name === '*');
}

type Found = Omit<PolicyWarning, 'statement'>;

const about = (statement: Statement, found: readonly Found[]): PolicyWarning[] =>
  found.map((one) => ({ ...one, statement: statement.number }));

function missingActions(allows: readonly Statement[]): PolicyWarning[] {
  if (allows.length === 0) return [];
  const missing = sessionActions.filter((action) => !allows.some((statement) => isAction(statement, action)));
  return missing.map((action) => ({
    rule: 'missing-action',
    statement: undefined,
    reason: `no statement grants ${action} to ${service}, which needs it for every session`,
    hint: `add ${action} to the Action of the statement that grants sts:AssumeRole`,
  }));
}

const isKey = (condition: Condition, ...keys: readonly string[]): boolean => keys.includes(condition.key.toLowerCase());

function anyAnchor(statement: Statement): PolicyWarning[] {
  const isBound = statement.conditions.some(
    (condition) =>
      isKey(condition, 'aws:sourcearn', 'aws:sourceaccount') &&
      !condition.negated &&
      !condition.ifExists &&
      condition.base !== 'Null' &&
      condition.set !== 'ForAllValues',
  );
  if (isBound || !isAction(statement, 'sts:AssumeRole')) return [];
  return about(statement, [
    {
      rule: 'any-anchor',
      reason:
        'every trust anchor of the account reaches the role: neither aws:SourceArn nor aws:SourceAccount is asked for',
      hint: 'add ArnEquals aws:SourceArn with the ARN of the trust anchor',
    },
  ]);
}

const tagPrefix = 'aws:principaltag/';
const isTag = ({ key }: Condition): boolean => key.toLowerCase().startsWith(tagPrefix);

/** Something else in the statement wants the key to be there. */
function isDemanded(statement: Statement, { key }: Condition): boolean {
  return statement.conditions.some(
    (other) =>
      other.key.toLowerCase() === key.toLowerCase() &&
      (other.base === 'Null'
        ? other.wanted.every((value) => value.toLowerCase() === 'false')
        : !other.negated && !other.ifExists && other.set !== 'ForAllValues'),
  );
}

function missingTags(statement: Statement): PolicyWarning[] {
  const open = statement.conditions.filter(
    (condition) =>
      isTag(condition) &&
      condition.base !== 'Null' &&
      (condition.negated || condition.ifExists || condition.set === 'ForAllValues') &&
      condition.set !== 'ForAnyValue' &&
      !isDemanded(statement, condition),
  );
  return open.flatMap(({ operator, key }) =>
    about(statement, [
      {
        rule: 'missing-tag',
        reason: `${operator} ${key} holds for a certificate without that attribute, and where a mapping leaves it out`,
        hint: `name what is allowed by StringEquals, or add Null ${key} "false"`,
      },
    ]),
  );
}

function toothlessDenies(statement: Statement): PolicyWarning[] {
  const open = statement.conditions.filter(
    (condition) => isTag(condition) && condition.base !== 'Null' && !condition.negated && !condition.ifExists,
  );
  return open.flatMap(({ operator, key }) =>
    about(statement, [
      {
        rule: 'missing-tag',
        reason: `${operator} ${key} does not deny a certificate without that attribute`,
        hint: `use ${operator}IfExists to deny those too, or make sure that some statement demands the attribute`,
      },
    ]),
  );
}

function wildcards(statement: Statement): PolicyWarning[] {
  const isPattern = ({ base }: Condition): boolean => ['StringLike', 'ArnLike', 'ArnEquals'].includes(base);
  const chosen = statement.conditions.filter(
    (condition) => isPattern(condition) && (isTag(condition) || isKey(condition, 'sts:sourceidentity')),
  );
  return chosen.flatMap(({ operator, key, wanted }) => {
    const value = wanted.find((text) => segmentsOf(text).some(isWild));
    if (value === undefined) return [];
    return about(statement, [
      {
        rule: 'wildcard',
        reason: `${operator} ${key} "${value}" leaves a part of it to whoever may request certificates`,
        hint: 'name the values by StringEquals, or make sure that the CA checks this attribute',
      },
    ]);
  });
}

const isWild = ({ isVariable, text }: Segment): boolean => !isVariable && /[*?]/.test(text);

function everybody(statement: Statement): PolicyWarning[] {
  const kinds = [...statement.principals].filter(([, names]) => names.includes('*')).map(([kind]) => kind);
  if (statement.effect === 'Deny' || kinds.length === 0) return [];
  return about(statement, [
    {
      rule: 'everybody',
      reason: `the principal is everybody (${kinds.map((kind) => `${kind}: *`).join(', ')})`,
      hint: `name the principal: {"Service": "${service}"}; whether * means a service at all is not documented`,
    },
  ]);
}

/** Which keys of STS an action knows (service authorization reference); what is not here, every action may have. */
const keysOfActions: readonly (readonly [prefix: string, actions: readonly string[]])[] = [
  ['sts:sourceidentity', ['sts:AssumeRole', 'sts:SetSourceIdentity']],
  ['sts:rolesessionname', ['sts:AssumeRole']],
  ['sts:externalid', ['sts:AssumeRole']],
  ['sts:transitivetagkeys', ['sts:AssumeRole', 'sts:TagSession']],
  ['aws:tagkeys', ['sts:AssumeRole', 'sts:TagSession']],
  ['aws:requesttag/', ['sts:AssumeRole', 'sts:TagSession']],
];

function foreignKeys(statement: Statement): PolicyWarning[] {
  const granted = sessionActions.filter((action) => isAction(statement, action));
  const demanding = statement.conditions.filter(
    ({ negated, ifExists, base }) => !negated && !ifExists && base !== 'Null',
  );
  return demanding.flatMap(({ operator, key }) => {
    const knowing = keysOfActions.find(([prefix]) => key.toLowerCase().startsWith(prefix))?.[1] ?? granted;
    const without = granted.filter((action) => !knowing.includes(action));
    if (without.length === 0) return [];
    return about(statement, [
      {
        rule: 'key-of-another-action',
        reason: `${operator} ${key} is asked for ${without.join(' and ')} too, to which that key does not belong`,
        hint: `grant ${without.join(' and ')} in a statement of its own, with a condition on aws:PrincipalTag/x509Subject/CN`,
      },
    ]);
  });
}

function setOperators({ number, conditions }: Statement): PolicyWarning[] {
  const wrong = conditions.filter(
    ({ base, key, set }) => base !== 'Null' && isMultivalued(key) !== (set !== undefined),
  );
  return wrong.map(({ operator, key, set }) => ({
    rule: 'set-operator',
    statement: number,
    reason:
      set === undefined
        ? `${operator} ${key}: a key of several values, of which it is not documented how they compare without a set operator`
        : `${operator} ${key}: a set operator on a key of one value`,
    hint: set === undefined ? `write ForAnyValue:${operator} or ForAllValues:${operator}` : `leave out ${set}:`,
  }));
}

const addressKeys = ['aws:sourceip', 'aws:vpcsourceip', 'aws:sourcevpc', 'aws:sourcevpce'];

function clientAddress({ number, conditions }: Statement): PolicyWarning[] {
  return conditions
    .filter((condition) => isKey(condition, ...addressKeys))
    .map(({ operator, key }) => ({
      rule: 'client-address',
      statement: number,
      reason: `${operator} ${key}: Roles Anywhere assumes the role, and no document promises the client's address`,
      hint: 'restrict addresses in the session policy of the profile, or in the policies of the role',
    }));
}

function actionForms({ number, actions }: Statement): PolicyWarning[] {
  const foreign = actions.names.find((name) => !/^sts:/i.test(name));
  if (foreign === undefined) return [];
  return [
    {
      rule: 'action-form',
      statement: number,
      reason: `IAM may refuse the action "${foreign}": AssumeRole policy may only specify STS AssumeRole actions`,
      hint: `name ${sessionActions.join(', ')}`,
    },
  ];
}

/** Characters of a trust policy, blanks aside; the quota can be raised to twice as much (IAM quotas). */
const longestPolicy = 2048;

function tooLong(document: unknown): PolicyWarning[] {
  const text = typeof document === 'string' ? document : (JSON.stringify(document) ?? '');
  const characters = text.replaceAll(/\s/g, '').length;
  if (characters <= longestPolicy) return [];
  return [
    {
      rule: 'size',
      statement: undefined,
      reason: `the policy has ${characters} characters; IAM takes ${longestPolicy} (Cannot exceed quota for ACLSizePerRole)`,
      hint: 'shorten it, or have the quota raised, to 4096 at the most',
    },
  ];
}
