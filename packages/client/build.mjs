#!/usr/bin/env node
// Builds dist/: one ES module without dependencies, and its types. With --check it writes nothing
// and fails where the module would be too big or the README quotes what no longer stands.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const maxGzipBytes = 20 * 1024;

async function bundle(minify) {
  const result = await build({
    entryPoints: [join(here, 'src/index.ts')],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: ['es2022'],
    minify,
    write: false,
    logLevel: 'error',
  });
  return result.outputFiles[0].text;
}

async function checkSize() {
  const text = await bundle(true);
  const size = gzipSync(text, { level: 9 }).length;
  console.log(`@hermod/client: ${size} bytes gzipped of at most ${maxGzipBytes}`);
  if (size > maxGzipBytes) process.exitCode = 1;
  if (/\bfrom\s*["']|\brequire\(/.test(text)) {
    console.error('@hermod/client must not import anything at run time');
    process.exitCode = 1;
  }
}

/** Fills the code after each `<!-- quote FILE#REGION -->` of the README from the file it names. */
function quoteReadme(check) {
  const file = join(here, 'README.md');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(/<!-- quote (\S+?)#(\S+) -->\n```(\w+)\n[\s\S]*?```/g, (_, path, region, language) =>
    `<!-- quote ${path}#${region} -->\n\`\`\`${language}\n${quote(join(here, path), region)}\`\`\``);
  if (before === after) return;
  if (!check) return writeFileSync(file, after);
  console.error('packages/client/README.md does not quote what its examples say: run npm run build');
  process.exitCode = 1;
}

function quote(path, region) {
  const lines = readFileSync(path, 'utf8').split('\n');
  const begin = lines.findIndex((line) => line.trim() === `// region ${region}`);
  const end = lines.findIndex((line, at) => at > begin && line.trim() === '// endregion');
  if (begin < 0 || end < 0) throw new Error(`${path} has no region ${region}`);
  const chosen = lines.slice(begin + 1, end);
  const indent = Math.min(...chosen.filter(Boolean).map((line) => line.search(/\S/)));
  return chosen.map((line) => `${line.slice(indent)}\n`).join('');
}

function emitTypes(out) {
  declarations(here, out);
  declarations(join(here, '../protocol'), out);
  for (const name of readdirSync(out).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(out, name), 'utf8')
      .replace(/(["'])@hermod\/protocol\1/g, '$1./generated.js$1')
      .replace(/(["']\.\/[\w-]+)\.ts(["'])/g, '$1.js$2');
    writeFileSync(join(out, name), text);
  }
}

function declarations(project, out) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', project, '--noEmit', 'false', '--declaration',
    '--emitDeclarationOnly', '--outDir', out, '--rootDir', join(project, 'src')], { stdio: 'inherit' });
}

const check = process.argv.includes('--check');
await checkSize();
quoteReadme(check);
if (!check) {
  const out = join(here, 'dist');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'index.js'), await bundle(false));
  emitTypes(out);
}
