/**
 * A program that uses the library as its users do, run by Node, Bun and Deno: `provider-program.mjs LIBRARY`. It ends by
 * itself.
 */
import { runProviderCases } from './provider-cases.mjs';

const { fromRolesAnywhere } = await import(process.argv[2]);
await runProviderCases(fromRolesAnywhere);
