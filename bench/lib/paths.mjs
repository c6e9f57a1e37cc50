import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const peers = join(root, 'bench/peers');
export const hermod = join(root, 'build/release/server/hermod');
export const loadgen = join(root, 'build/release/bench/loadgen');
export const limit = join(root, 'build/release/bench/limit');

/** The packages of bench/peers, which are not installed anywhere else. */
export const requirePeer = createRequire(join(peers, 'package.json'));
