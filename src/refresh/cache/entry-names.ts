/** An entry. */
const entryName = /^[0-9a-f]{64}\.json$/;

/** Entries, locks, claims to locks and files on their way to be entries. */
const ownName = /^[0-9a-f]{64}\.(?:json|lock|lock-[0-9a-f]{16}|[0-9a-f]{12}\.tmp)$/;

export function isEntry(name: string): boolean {
  return entryName.test(name);
}

/** Whether a file of the folder is one that the cache makes. */
export function isOurs(name: string): boolean {
  return ownName.test(name);
}
