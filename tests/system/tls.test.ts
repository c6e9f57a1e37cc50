import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { httpsGet, runCommand, startServer, type Server } from '../harness/server.ts';
import { makeCertificates, type Certificates } from '../harness/smtp.ts';

let first: Certificates;
let second: Certificates;
let server: Server;

before(async () => {
  first = makeCertificates();
  second = makeCertificates();
  server = await startServer({ tls: first });
});
after(async () => {
  await server?.stop();
  first?.remove();
  second?.remove();
});

/** Runs a client to its end. */
async function run(command: string, args: string[], input = '', env: Record<string, string> = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
  child.stdin.on('error', () => {}).end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await once(child, 'close');
  clearTimeout(timer);
  return { status: child.exitCode, output };
}

const port = () => new URL(server.url).port;

test('Node reaches it by https and by fetch', async () => {
  const answer = await httpsGet(`${server.url}/healthz`, { ca: readFileSync(first.caFile) });
  assert.equal(answer.status, 200);
  assert.equal(answer.protocol, 'TLSv1.3');
  assert.match(answer.headers['strict-transport-security'] ?? '', /^max-age=\d{7,}$/);

  const script = `const answer = await fetch('${server.url}/healthz'); console.log(answer.status, await answer.text())`;
  const fetched = await run(process.execPath, ['--input-type=module', '-e', script], '', { NODE_EXTRA_CA_CERTS: first.caFile });
  assert.match(fetched.output, /^200 {"status":"ok"}/);
});

for (const [version, works] of [['1.0', false], ['1.1', false], ['1.2', true], ['1.3', true]] as const)
  test(`curl with TLS ${version} is ${works ? 'served' : 'refused'}`, async () => {
    const answer = await run('curl', ['-sS', '--cacert', first.caFile, `--tlsv${version}`, '--tls-max', version,
      '--ciphers', 'DEFAULT:@SECLEVEL=0', '--resolve', `localhost:${port()}:127.0.0.1`, '-w', '%{http_version} %{http_code}', '-o', '/dev/null', `https://localhost:${port()}/healthz`]);

    if (works) assert.equal(answer.output, '1.1 200');
    else assert.match(answer.output, /alert protocol version|unsupported protocol|no protocols/i);
  });

test('a name that the certificate does not have is the client\'s to refuse', async () => {
  const answer = await run('curl', ['-sS', '--cacert', first.caFile, '--resolve', `other.example:${port()}:127.0.0.1`, `https://other.example:${port()}/healthz`]);

  assert.equal(answer.status, 60, answer.output);
});

test('openssl sees forward secrecy, a good chain and no compression or renegotiation', async () => {
  const answer = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port()}`, '-servername', 'localhost', '-CAfile', first.caFile,
    '-verify_return_error', '-tls1_2', '-alpn', 'h2,http/1.1'], 'GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');

  assert.match(answer.output, /Verify return code: 0 \(ok\)/);
  assert.match(answer.output, /Cipher is ECDHE-ECDSA-(AES\d+-GCM|CHACHA20)/);
  assert.match(answer.output, /ALPN protocol: http\/1\.1/);
  assert.match(answer.output, /Compression: NONE/);
});

test('plain HTTP on its port is told so, and gets nothing', async () => {
  const answer = await fetch(`http://127.0.0.1:${port()}/healthz`);

  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('strict-transport-security'), null);
  const problem = await answer.json() as { code: string; detail: string };
  assert.equal(problem.code, 'malformed_request');
  assert.match(problem.detail, /HTTPS/);
});

test('a client that never shakes hands does not keep others waiting', async () => {
  const silent = Array.from({ length: 50 }, () => connect(Number(port()), '127.0.0.1').on('error', () => {}));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));

  assert.equal((await httpsGet(`${server.url}/healthz`, { ca: readFileSync(first.caFile) })).status, 200);
  for (const socket of silent) socket.destroy();
});

test('SIGHUP takes a new certificate, and keeps the old one where the new one is bad', async () => {
  const trusts = async (certificates: Certificates) =>
    httpsGet(`${server.url}/healthz`, { ca: readFileSync(certificates.caFile) }).then(() => true, () => false);
  const kept = connectTls({ host: '127.0.0.1', port: Number(port()), ca: readFileSync(first.caFile) });
  await once(kept, 'secureConnect');
  const said = async (pattern: RegExp) => {
    for (let i = 0; i < 200 && !pattern.test(server.output()); ++i) await delay(25);
    assert.match(server.output(), pattern);
  };

  writeFileSync(first.certFile, 'nonsense');
  server.signal('SIGHUP');
  await said(/"the certificate was not read again; the old one stays".*does not hold a certificate/);
  assert.equal(await trusts(first), true);

  copyFileSync(second.certFile, first.certFile);
  copyFileSync(second.keyFile, first.keyFile);
  server.signal('SIGHUP');
  await said(/"the certificate was read again"/);
  assert.equal(await trusts(second), true);
  assert.equal(await trusts(first), false);

  let answer = '';
  kept.setEncoding('utf8').on('data', (text: string) => { answer += text; });
  kept.write('GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await once(kept, 'close');
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('a bad or missing file is one clear line at the start', async () => {
  const key = 'HERMOD_NET_TLS_KEY_FILE';
  const certificate = 'HERMOD_NET_TLS_CERTIFICATE_FILE';
  for (const [env, expected] of [
    [{ [certificate]: '/nowhere.pem', [key]: second.keyFile }, /nowhere\.pem cannot be read: No such file or directory/],
    [{ [certificate]: second.certFile, [key]: second.certFile }, /does not hold the certificate's private key/],
    [{ [certificate]: second.certFile }, /net\.tls\.certificate_file and net\.tls\.key_file go together/],
  ] as [Record<string, string>, RegExp][]) {
    const ended = await runCommand(['serve'], { ...env, HERMOD_MASTER_KEY: `test:${'1'.repeat(64)}`, HERMOD_LISTEN: '127.0.0.1:0', HERMOD_DATABASE_URL: 'sqlite::memory:' });

    assert.notEqual(ended.status, 0);
    assert.match(ended.stderr, expected);
    assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
  }
});
