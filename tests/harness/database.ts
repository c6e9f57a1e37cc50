// One statement straight into a server's database, for what no request can do: making it wrong.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { engine, type Server } from './server.ts';

/** As the owner, over every workspace. Gives the rows, as text. */
export async function runSql(server: Server, statement: string): Promise<string[][]> {
  return engine === 'sqlite' ? onSqlite(join(server.dataDir, 'hermod.db'), statement) : onPostgres(server, statement);
}

const python = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30)
rows = [[str(value) for value in row] for row in db.execute(sys.argv[2])]
db.commit()
print(json.dumps(rows))
`;

export function onSqlite(file: string, statement: string): string[][] {
  return JSON.parse(execFileSync('python3', ['-c', python, file, statement], { encoding: 'utf8' })) as string[][];
}

/** As the cluster's superuser, whom no policy binds. */
async function onPostgres(server: Server, statement: string): Promise<string[][]> {
  const superuser = new URL(process.env.HERMOD_TEST_POSTGRES_URL ?? '');
  superuser.pathname = new URL(server.env.HERMOD_DATABASE_URL ?? '').pathname;
  const client = new pg.Client({ connectionString: superuser.href });
  await client.connect();
  try {
    const { rows } = await client.query({ text: statement, rowMode: 'array' });
    return (rows as unknown[][]).map((row) => row.map(String));
  } finally {
    await client.end();
  }
}
