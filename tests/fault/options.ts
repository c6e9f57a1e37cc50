// What tests/fault/kill-loop and its like are called with.
import { randomInt } from 'node:crypto';

/** How often the server is killed; few where it is one test among all. */
export const rounds = Number(process.env.HERMOD_FAULT_ROUNDS ?? 2);

/** Repeats the moments of a run, as far as the machine does. */
export const seed = Number(process.env.HERMOD_FAULT_SEED ?? randomInt(2 ** 31));
