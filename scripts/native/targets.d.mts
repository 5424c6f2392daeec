/** Target -> Bun for it. */
export const targets: Readonly<Record<string, { readonly package: string; readonly integrity: string }>>;
export const bunVersion: string;
export function executableName(target: string): string;
