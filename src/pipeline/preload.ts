import type { CredentialPlan } from './credential-plan.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import { loadPart } from '../core/load-part.ts';
import { naming, Problem } from '../identity/problem.ts';

/**
 * What a renewal may need when it fails, or when certificate and key are others than before. A command reads that when
 * it comes to it; a process that lives on has it before, as by then descriptors may have run out, or an upgrade may have
 * changed the package on disk. What only some formats of keys need is not among it. The library, whose parts may be
 * asked for from several folders, imports these with the files that need them (scripts/build/library.mjs).
 */
const parts: readonly (() => Promise<unknown>)[] = [
  () => import('../aws/assume-role/judge-failure.ts'),
  () => import('../aws/create-session/explain-refusal.ts'),
  () => import('../aws/create-session/explain-session.ts'),
  () => import('../aws/create-session/service-errors.ts'),
  () => import('../aws/http/environment-roots.ts'),
  () => import('../aws/http/network-error.ts'),
  () => import('../aws/http/second-try.ts'),
  () => import('../aws/http/trusted-roots.ts'),
  () => import('../identity/backends/file/certificate-forms.ts'),
  () => import('../identity/backends/file/judge-pairs.ts'),
  () => import('../identity/backends/file/explain-file.ts'),
  () => import('../core/fs/read-reason.ts'),
  () => import('../core/fs/read-stream.ts'),
  nameSource,
  () => import('../identity/explain-read-failure.ts'),
  () => import('../identity/explain-signature.ts'),
  () => import('../identity/read-other-source.ts'),
  () => import('../identity/x509/explain-leaf.ts'),
  () => import('./failover/failover.ts'),
  () => import('./renew-links.ts'),
];

/** What names a source is looked for by the one file that has a source named, so that is done. */
async function nameSource(): Promise<void> {
  try {
    await naming({ kind: 'stdin', option: '' }, 'INTERNAL', () => Promise.reject(new Problem('')));
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
  }
}

const partsOfChain: typeof parts = [
  () => import('../aws/assume-role/assume-role.ts'),
  () => import('../aws/assume-role/role-links.ts'),
];

/**
 * Makes ready what renewals by a plan may need, one part after the other: that takes few descriptors and little time at
 * once. What is loaded already costs nothing.
 *
 * @throws RolesAnywhereError PACKAGE_UNREADABLE: the next call goes on from there
 */
export function preload({ targets }: CredentialPlan): Promise<void> {
  const hasChain = targets.some(({ request }) => (request.roleChain ?? []).length > 0);
  return loadPart(async () => {
    for (const load of hasChain ? [...parts, ...partsOfChain] : parts) await load();
  });
}
