// A fresh database for each measurement, on either engine, and questions about what it holds after.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, requirePeer } from './paths.mjs';
import { runProgram } from './process.mjs';

/** Throw-away folders and one PostgreSQL cluster for a whole run of the bench. */
export class Databases {
  #folder = mkdtempSync(join(tmpdir(), 'hermod-bench-'));
  #cluster = null;

  /** Where files of the bench go: a real disk, unless TMPDIR says otherwise. */
  get folder() {
    return this.#folder;
  }

  async open(engine) {
    return engine === 'sqlite' ? new SqliteDatabase(mkdtempSync(join(this.#folder, 'sqlite-'))) : this.#openPostgres();
  }

  async #openPostgres() {
    this.#cluster ??= await startCluster();
    return PostgresDatabase.create(this.#cluster);
  }

  async close() {
    if (this.#cluster) await runProgram(join(root, 'script/postgres'), ['stop', this.#cluster.folder]);
    if (this.#cluster) rmSync(this.#cluster.parent, { recursive: true, force: true });
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

class SqliteDatabase {
  engine = 'sqlite';

  constructor(folder) {
    this.folder = folder;
    this.path = join(folder, 'hermod.db');
  }

  /** What hermod takes. */
  get settings() {
    return { HERMOD_DATABASE_URL: `sqlite:${this.path}` };
  }

  /** What the others take. */
  get address() {
    return this.path;
  }

  async execute(sql) {
    await this.#use((connection) => connection.exec(sql));
  }

  async numbers(sql) {
    return this.#use((connection) => Object.values(connection.prepare(sql).get()).map(Number));
  }

  async drop() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #use(action) {
    const Database = requirePeer('better-sqlite3');
    const connection = new Database(this.path);
    try {
      return action(connection);
    } finally {
      connection.close();
    }
  }
}

class PostgresDatabase {
  engine = 'postgres';

  static async create(cluster) {
    const database = new PostgresDatabase();
    database.name = `bench_${randomBytes(6).toString('hex')}`;
    database.cluster = cluster;
    const { name } = database;
    await ask(cluster.url, [
      `CREATE ROLE ${name} LOGIN`,
      `CREATE ROLE ${name}_owner LOGIN`,
      `CREATE DATABASE ${name} OWNER ${name}_owner`,
      // What earlier databases left to be written is not this one's to pay for.
      'CHECKPOINT',
    ]);
    return database;
  }

  get postmasterPid() {
    return this.cluster.pid;
  }

  get settings() {
    return {
      HERMOD_DATABASE_URL: this.#as(this.name),
      HERMOD_DATABASE_MIGRATE_URL: this.#as(`${this.name}_owner`),
    };
  }

  get address() {
    return this.#as('postgres');
  }

  async execute(sql) {
    await ask(this.address, [sql]);
  }

  async numbers(sql) {
    const [{ rows }] = await ask(this.address, [sql]);
    return Object.values(rows[0]).map(Number);
  }

  async drop() {
    const { name } = this;
    await ask(this.cluster.url, [`DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${name}`, `DROP ROLE ${name}_owner`]);
  }

  #as(role) {
    const url = new URL(this.cluster.url);
    url.username = role;
    url.pathname = `/${this.name}`;
    return url.href;
  }
}

async function startCluster() {
  const parent = mkdtempSync(join(tmpdir(), 'hermod-bench-postgres-'));
  await runProgram('chmod', ['755', parent]);
  const folder = join(parent, 'cluster');
  const url = (await runProgram(join(root, 'script/postgres'), ['start', folder])).trim();
  const pid = Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  return { parent, folder, url, pid };
}

async function ask(connectionString, statements) {
  const pg = requirePeer('pg');
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const results = [];
    for (const statement of statements) results.push(await client.query(statement));
    return results;
  } finally {
    await client.end();
  }
}
