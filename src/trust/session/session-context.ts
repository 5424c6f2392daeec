import { keysOfEveryRequest, makePolicyContext, type PolicyContext } from '../policy/policy-context.ts';
import { accountOf, regionOf } from './session-arns.ts';

/** Who assumes the role. */
export const rolesAnywhere = { kind: 'service', name: 'rolesanywhere.amazonaws.com' } as const;

/** What a session's request context is made of. */
export interface SessionFacts {
  readonly trustAnchorArn: string;
  readonly now: Date;
  readonly sourceIdentity: string;
  readonly sessionName: string;
  readonly tags: ReadonlyMap<string, string>;
}

/**
 * The request context in which Roles Anywhere assumes a role (user guide, trust model; IAM user guide, global keys). The
 * client's address is not in it: no document promises one.
 */
export function sessionContext(facts: SessionFacts): PolicyContext {
  const { trustAnchorArn, now, tags } = facts;
  return makePolicyContext({
    keys: {
      'aws:SourceArn': trustAnchorArn,
      'aws:SourceAccount': accountOf(trustAnchorArn),
      ...keysOfEveryRequest(now, regionOf(trustAnchorArn)),
      'sts:SourceIdentity': facts.sourceIdentity,
      'sts:RoleSessionName': facts.sessionName,
    },
    principalTags: tags,
    requestTags: tags,
    // AWS Security Blog, "Planning for your IAM Roles Anywhere deployment".
    transitiveTagKeys: tags.keys(),
  });
}
