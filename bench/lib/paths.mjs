import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const peers = join(root, 'bench/peers');
/** Another build, such as one with a profiler in it, by HERMOD_BINARY. */
export const hermod = process.env.HERMOD_BINARY ?? join(root, 'build/release/server/hermod');
export const loadgen = join(root, 'build/release/bench/loadgen');
export const limit = join(root, 'build/release/bench/limit');
export const responder = join(root, 'build/release/bench/responder');

/** The packages of bench/peers, which are not installed anywhere else. */
export const requirePeer = createRequire(join(peers, 'package.json'));
