// A database of its own per server, in the cluster that HERMOD_TEST_POSTGRES_URL names as superuser.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

declare const ROOT: string;

export interface TestDatabase {
  /** As the server runs: a role that owns nothing. */
  url: string;
  /** As the migrator runs: the owner of the tables. */
  ownerUrl: string;
  drop(): Promise<void>;
}

/** A cluster of the test's own, to be halted and resumed while a server uses it. */
export interface TestCluster extends Disposable {
  /** As superuser. */
  url: string;
  halt(): void;
  resume(): void;
}

export function startCluster(): TestCluster {
  const parent = mkdtempSync(join(tmpdir(), 'hermod-cluster-'));
  chmodSync(parent, 0o755);
  const folder = join(parent, 'cluster');
  const script = (action: string) =>
    execFileSync(join(ROOT, 'script/postgres'), [action, folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  return {
    url: script('start'),
    halt: () => { script('halt'); },
    resume: () => { script('resume'); },
    [Symbol.dispose]() {
      script('stop');
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

export async function createDatabase(superuser = process.env.HERMOD_TEST_POSTGRES_URL): Promise<TestDatabase> {
  if (!superuser) throw new Error('HERMOD_TEST_POSTGRES_URL must name a cluster: use script/with-postgres');
  const name = `hermod_${randomBytes(8).toString('hex')}`;
  const owner = `${name}_owner`;
  await statements(superuser, [
    `CREATE ROLE ${name} LOGIN PASSWORD '${name}'`,
    `CREATE ROLE ${owner} LOGIN PASSWORD '${name}'`,
    `CREATE DATABASE ${name} OWNER ${owner}`,
  ]);
  return {
    url: as(superuser, name, name),
    ownerUrl: as(superuser, name, owner),
    async drop() {
      await statements(superuser, [`DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${name}`, `DROP ROLE ${owner}`]);
    },
  };
}

/** The same cluster, another database and role. Keeps what follows `?`, such as the socket's folder. */
function as(superuser: string, database: string, role: string): string {
  const match = /^(postgres(?:ql)?:\/\/)(?:[^@/?]*@)?([^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(superuser);
  if (!match) throw new Error('HERMOD_TEST_POSTGRES_URL is not a postgres:// address');
  return `${match[1]}${role}:${database}@${match[2]}/${database}${match[3] ?? ''}`;
}

async function statements(url: string, all: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of all) await client.query(statement);
  } finally {
    await client.end();
  }
}
