/**
 * fast-check with a seed of its own: what CI tries was tried before, and a run that fails fails again. ROLES_ANYWHERE_TEST_SEED
 * has another one, `random` one that is new in each file, as the long runs have that are asked for by a number.
 */
import { configureGlobal } from 'fast-check';

const isLong = ['FUZZ', 'REQUESTS', 'CERTIFICATES'].some((name) => `ROLES_ANYWHERE_TEST_${name}` in process.env);
const seed = process.env['ROLES_ANYWHERE_TEST_SEED'] ?? (isLong ? 'random' : '20260115');
if (seed !== 'random') configureGlobal({ seed: Number(seed) });

export * from 'fast-check';
