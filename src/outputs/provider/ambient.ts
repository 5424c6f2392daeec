import { type Clock, systemClock } from '../../pipeline/refresh/clock.ts';

/** What a program hands to the command, and a library has to take by itself. Tests bring their own. */
export interface Ambient {
  readonly environment: () => Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** The process that the provider runs in: the one file of the library that touches it. */
export const ambient: Ambient = {
  environment: () => process.env,
  clock: systemClock(),
  random: Math.random,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
