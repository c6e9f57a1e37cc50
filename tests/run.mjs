#!/usr/bin/env node
// Runs the JavaScript tests. See --help.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const help = `usage: node tests/run.mjs [unit] [system] [fault] [options] [FILE-PATTERN…]

  unit               the tests of packages/ (no server)
  system             tests/system against the built binary
  fault              tests/fault: the same binary killed, starved and cut off; all three when none is named
  --engine NAME      sqlite (default) or postgres, which needs HERMOD_TEST_POSTGRES_URL
  --binary PATH      the server; default HERMOD_BINARY, else build/{asan,dev,release}/server/hermod
  --only PATTERN     only tests whose name matches
  --summary FILE     writes {passed, failed, skipped, tests: [{name, file, outcome}]} there, as JSON
  --timeout SECONDS  of a file; default 180
  --concurrency N    files at a time; default: the number of cores plus one
  FILE-PATTERN       only files whose path contains one of these
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: process.env.HERMOD_TEST_ENGINE ?? 'sqlite' },
    binary: { type: 'string' },
    only: { type: 'string' },
    summary: { type: 'string' },
    timeout: { type: 'string', default: '180' },
    concurrency: { type: 'string', default: String(availableParallelism() + 1) },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}
if (!['sqlite', 'postgres'].includes(options.engine)) {
  process.stderr.write(`--engine is sqlite or postgres, not ${options.engine}\n`);
  process.exit(2);
}
process.env.HERMOD_TEST_ENGINE = options.engine;
if (options.binary) process.env.HERMOD_BINARY = options.binary;
if (process.env.HERMOD_BINARY) process.env.HERMOD_BINARY = resolve(process.env.HERMOD_BINARY);
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, '--enable-source-maps', '--no-warnings'].filter(Boolean).join(' ');

const kinds = positionals.filter((word) => ['unit', 'system', 'fault'].includes(word));
const patterns = positionals.filter((word) => !kinds.includes(word));
const wants = (kind) => kinds.length === 0 || kinds.includes(kind);
const matches = (file) => patterns.length === 0 || patterns.some((pattern) => relative(root, file).includes(pattern));

const sources = [
  ...(wants('unit') ? filesIn('packages') : []),
  ...(wants('system') ? filesIn('tests/system') : []),
  ...(wants('fault') ? filesIn('tests/fault') : []),
].filter(matches);
if (sources.length === 0) {
  process.stderr.write('no test file matches\n');
  process.exit(2);
}

const files = await compile(sources);
const counts = { passed: 0, failed: 0, skipped: 0 };
const tests = [];

const stream = run({
  files,
  concurrency: Number(options.concurrency),
  timeout: Number(options.timeout) * 1000,
  ...(options.only ? { testNamePatterns: [new RegExp(options.only)] } : {}),
});
stream.on('test:pass', (event) => note(event, event.skip !== undefined ? 'skipped' : 'passed'));
stream.on('test:fail', (event) => note(event, 'failed'));
stream.on('end', () => {
  if (tests.length === 0) counts.failed = 1;
  if (options.summary) writeFileSync(options.summary, `${JSON.stringify({ ...counts, tests }, null, 1)}\n`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
});
stream.compose(new spec()).pipe(process.stdout);

function filesIn(folder) {
  const skip = new Set(['node_modules', 'dist']);
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skip.has(entry.name) ? [] : filesIn(path);
    return /\.test\.(ts|mjs)$/.test(entry.name) ? [join(root, path)] : [];
  }).sort();
}

/** One module per TypeScript test file under build/js, where npm's packages are still found. */
async function compile(entryPoints) {
  const out = join(root, 'build/js', `tests-${process.pid}`);
  mkdirSync(out, { recursive: true });
  process.on('exit', () => rmSync(out, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  await build({
    entryPoints: entryPoints.filter((file) => file.endsWith('.ts')),
    outbase: root,
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'inline',
    external: ['ajv', 'ajv-formats', 'pg', 'smtp-server', 'esbuild'],
    alias: { '@hermod/client': join(root, 'packages/client/src/index.ts'), '@hermod/protocol': join(root, 'packages/protocol/src/generated.ts') },
    define: { ROOT: JSON.stringify(root) },
    logLevel: 'error',
  });
  return entryPoints.map((file) => file.endsWith('.ts') ? join(out, relative(root, file).replace(/\.ts$/, '.mjs')) : file);
}

function note(event, outcome) {
  // Suites and the files themselves are not tests; a file that failed as a whole is.
  if (event.details?.type === 'suite') return;
  if (files.includes(event.name) && outcome !== 'failed') return;
  counts[outcome] += 1;
  tests.push({ name: event.name, file: event.file ? basename(event.file) : null, outcome });
}
