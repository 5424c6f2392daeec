import { describeError } from '../../core/describe-error.ts';
import { isDeepStrictEqual } from 'node:util';
import { keepRole, type KeptRole, type KeptRoleContext, type ProfilePlan } from './server-roles.ts';
import { type RoleDirectory, roleDirectory } from './served-role.ts';

/** All the roles that are served, and what changes them. */
export class RoleKeeper {
  readonly #context: KeptRoleContext;
  #roles: readonly KeptRole[];
  #directory: RoleDirectory;
  #isClosed = false;

  constructor(plans: readonly ProfilePlan[], context: KeptRoleContext) {
    this.#context = context;
    this.#roles = plans.map((plan) => keepRole(plan, context));
    this.#directory = roleDirectory(this.#roles);
  }

  get roles(): readonly KeptRole[] {
    return this.#roles;
  }

  get directory(): RoleDirectory {
    return this.#directory;
  }

  /**
   * Obtains the first set of every role and keeps all of them fresh from then on.
   * @throws what the first role that failed threw
   */
  async start(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#roles.map((role) => role.obtain()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.keepFresh();
  }

  /** Renews from now on, whether or not there is a first set. */
  keepFresh(): void {
    for (const role of this.#roles) role.keepFresh();
  }

  /** Resolves when every role has had a first set. */
  async whenReady(): Promise<void> {
    await Promise.all(this.#roles.map((role) => role.whenReady()));
  }

  /**
   * Takes over what profiles say now. A role that is to be obtained as before reads its certificate and key again;
   * another takes the place of the old one once it has credentials. What fails leaves everything as it was.
   *
   * @returns how many roles failed
   */
  async reload(plans: readonly ProfilePlan[]): Promise<number> {
    const outcomes = await Promise.all(this.#roles.map((role, index) => this.#renew(role, plans[index])));
    if (this.#isClosed) return 0;
    this.#roles = outcomes.map(({ role }) => role);
    this.#directory = roleDirectory(this.#roles);
    return outcomes.filter(({ hasFailed }) => hasFailed).length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#roles.map((role) => role.close()));
  }

  async #renew(role: KeptRole, next: ProfilePlan | undefined): Promise<{ role: KeptRole; hasFailed: boolean }> {
    const isSame = next === undefined || isDeepStrictEqual(role.plan, next.plan);
    const candidate = isSame ? role : keepRole(next, this.#context);
    try {
      await (isSame ? role.reload() : candidate.obtain());
    } catch (error) {
      const { code, message } = describeError(error);
      const fields = { profile: role.profile, role: role.roleName, code };
      this.#context.log('error', `reload failed, what was there stays: ${message}`, fields);
      if (!isSame) await candidate.close();
      return { role, hasFailed: true };
    }
    if (isSame) return { role, hasFailed: false };
    if (this.#isClosed) {
      await candidate.close();
      return { role, hasFailed: false };
    }
    candidate.keepFresh();
    await role.close();
    return { role: candidate, hasFailed: false };
  }
}
