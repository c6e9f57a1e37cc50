import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Account } from '@hermod/client';
import { makeCertificates, startMailServer, type Certificates, type MailServer, type MailServerOptions } from '../harness/smtp.ts';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let certificates: Certificates;

before(async () => {
  certificates = makeCertificates();
  world = await startWorld({ env: { HERMOD_NET_CA_FILE: certificates.caFile } });
});
after(async () => {
  await world?.stop();
  certificates?.remove();
});

interface Setup extends AsyncDisposable {
  tenant: Tenant;
  server: MailServer;
  account: Account;
  send(content: Parameters<Tenant['hermod']['sendMessage']>[1], to?: string): ReturnType<Tenant['hermod']['sendMessage']>;
}

async function setUp(options: Omit<MailServerOptions, 'certificates'> = {}, settings: Record<string, unknown> = {}): Promise<Setup> {
  const server = await startMailServer({ certificates, user: 'shop', password: 'pass word: ü', ...options });
  const tenant = await world.tenant();
  const scheme = options.implicitTls ? 'smtps' : 'smtp';
  const account = await tenant.hermod.accounts.create({
    connector: 'email', name: 'Shop', address: 'shop@example.com', settings,
    credentials: { url: `${scheme}://localhost:${server.port}`, username: 'shop', password: 'pass word: ü' },
  });
  return {
    tenant, server, account,
    send: (content, to = 'ana@example.com') => tenant.hermod.sendMessage(to, typeof content === 'string' ? { text: content, account_id: account.id } : { account_id: account.id, ...content }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

for (const implicitTls of [false, true])
  test(`mail goes over ${implicitTls ? 'TLS' : 'STARTTLS'}, signed in`, async () => {
    await using setup = await setUp({ implicitTls });

    const message = await setup.send({ text: 'Hello Ana', subject: 'Welcome', wait: 20 });

    assert.equal(message.status, 'sent', JSON.stringify(message.error));
    const [mail] = setup.server.mails;
    assert.equal(mail?.secure, true);
    assert.equal(mail?.user, 'shop');
    assert.equal(mail?.from, 'shop@example.com');
    assert.deepEqual(mail?.to, ['ana@example.com']);
    assert.equal(mail?.headers.get('subject'), 'Welcome');
    assert.match(mail?.headers.get('from') ?? '', /shop@example\.com/);
    assert.match(mail?.body ?? '', /Hello Ana/);
    assert.equal(mail?.headers.get('message-id'), `<${message.provider_id?.replace(/^<|>$/g, '')}>`);
  });

test('any Unicode in subject and text arrives whole', async () => {
  await using setup = await setUp();
  const text = `Grüße 😀\n.\n..leading dots\n${'x'.repeat(2000)}\nFrom here`;

  const message = await setup.send({ text, subject: 'Grüße 😀', wait: 20 });

  assert.equal(message.status, 'sent');
  const [mail] = setup.server.mails;
  assert.match(mail?.headers.get('subject') ?? '', /^[\x20-\x7e]+$/);
  assert.equal(decodeWords(mail?.headers.get('subject') ?? ''), 'Grüße 😀');
  assert.equal(decodeBody(mail?.body ?? '', mail?.headers.get('content-transfer-encoding') ?? ''), text);
  for (const line of mail?.raw.split('\r\n') ?? []) assert.ok(Buffer.byteLength(line) <= 998);
});

test('nothing in a subject becomes another header', async () => {
  await using setup = await setUp();

  await setup.send({ text: 'x', subject: 'Hi\r\nBcc: spy@example.com\r\n\r\nbody', wait: 20 }).catch(() => null);
  await setup.send({ text: 'control', subject: 'Plain', wait: 20 });

  for (const mail of setup.server.mails) {
    assert.ok(!mail.headers.has('bcc'));
    assert.deepEqual(mail.to, ['ana@example.com']);
  }
  assert.ok(setup.server.mails.some(({ body }) => body.includes('control')));
});

test('HTML goes beside its text', async () => {
  await using setup = await setUp();

  await setup.send({ type: 'text', content: { text: 'plain words', html: '<p>rich words</p>' }, subject: 'Both', wait: 20 });

  const [mail] = setup.server.mails;
  assert.match(mail?.headers.get('content-type') ?? '', /^multipart\/alternative/);
  assert.match(mail?.body ?? '', /text\/plain[\s\S]*plain words[\s\S]*text\/html[\s\S]*rich words/);
});

test('a later mail of the conversation names the earlier ones', async () => {
  await using setup = await setUp();

  const first = await setup.send({ text: 'one', subject: 'Order 7', wait: 20 });
  const second = await setup.send({ text: 'two', subject: 'Order 7', wait: 20 });

  const [one, two] = setup.server.mails;
  assert.equal(second.conversation_id, first.conversation_id);
  const id = one?.headers.get('message-id') ?? '';
  assert.match(id, /^<[^<>\s]+@[^<>\s]+>$/);
  assert.ok(two?.headers.get('references')?.includes(id));
  assert.notEqual(two?.headers.get('message-id'), id);
});

test('a temporary refusal is tried again under the same Message-ID', async () => {
  await using setup = await setUp();
  const log = setup.tenant.log();
  setup.server.refuse('data', 451, '4.7.1 Try again later');

  const message = await setup.send('patience');
  await setup.server.count(1);
  setup.server.behave();
  await world.advanceUntil(log.untilStatus(message.id, 'sent'), 30_000, 50);

  assert.ok(setup.server.tries.length >= 2);
  assert.equal(new Set(setup.server.tries.map(({ headers }) => headers.get('message-id'))).size, 1);
  assert.equal(setup.server.mails.length, 1);
  const attempts = (await setup.tenant.hermod.messages.attempts(message.id).page()).data;
  assert.equal(attempts[0]?.error?.code, 'retryable');
  assert.match(attempts[0]?.error?.provider_code ?? '', /4\.7\.1|451/);
  assert.equal(attempts.at(-1)?.error, null);
});

for (const [stage, code, text, kind] of [
  ['rcpt', 550, '5.1.1 No such user', 'recipient'],
  ['data', 554, '5.6.0 Refused content', 'content'],
] as const)
  test(`${code} at ${stage} fails for good as ${kind}, after one try`, async () => {
    await using setup = await setUp();
    setup.server.refuse(stage, code, text);

    const message = await setup.send({ text: 'x', wait: 20 });

    assert.equal(message.status, 'failed');
    assert.equal(message.error?.code, kind);
    assert.equal(message.error?.retryable, false);
    assert.match(message.error?.provider_code ?? '', new RegExp(`${code}|${text.slice(0, 5)}`));
    assert.equal((await setup.tenant.hermod.messages.attempts(message.id).page()).data.length, 1);
  });

test('a wrong password makes the account need action, and the right one lets the mail go', async () => {
  await using setup = await setUp();
  const { hermod } = setup.tenant;
  const log = setup.tenant.log();
  await hermod.accounts.update(setup.account.id, { credentials: { url: `smtp://localhost:${setup.server.port}`, username: 'shop', password: 'wrong' } });

  const message = await setup.send({ text: 'x' });
  await log.until((event) => event.type === 'account.state' && event.data.account.state === 'action_needed', 'action_needed');
  assert.equal((await hermod.accounts.get(setup.account.id)).action, 'credentials');
  await hermod.accounts.update(setup.account.id, { credentials: { url: `smtp://localhost:${setup.server.port}`, username: 'shop', password: 'pass word: ü' } });
  // A try under the wrong password may still be under way: it waits for the right one, too.
  await world.advanceUntil(log.untilStatus(message.id, 'sent'), 60_000, 30);

  assert.equal(setup.server.mails.length, 1);
});

test('a connection lost after DATA is not repeated by itself: the message fails as outcome_unknown and can be resent', async () => {
  await using setup = await setUp();
  const log = setup.tenant.log();
  setup.server.dropAfterData();

  const message = await setup.send('maybe');
  await setup.server.count(1);
  setup.server.behave();
  const { data } = await world.advanceUntil(log.untilStatus(message.id, 'failed'), 60_000, 60);

  assert.equal(data.message.error?.code, 'outcome_unknown');
  assert.equal(setup.server.tries.length, 1);
  await setup.tenant.hermod.messages.resend(message.id);
  await world.advanceUntil(log.untilStatus(message.id, 'sent'), 10_000, 60);
  assert.equal(new Set(setup.server.tries.map(({ headers }) => headers.get('message-id'))).size, 1);
});

test('a slow server is waited for, and nothing else waits with it', async () => {
  await using slow = await setUp();
  await using quick = await setUp();
  slow.server.slowBy(1500);

  const pending = slow.send({ text: 'slow', wait: 20 });
  await slow.server.count(1);
  const other = await quick.send({ text: 'quick', wait: 20 });
  const pendingStatus = slow.server.tries.length;
  const message = await pending;

  assert.equal(other.status, 'sent');
  assert.equal(pendingStatus, 1);
  assert.equal(message.status, 'sent');
  assert.equal((await slow.tenant.hermod.messages.attempts(message.id).page()).data.length, 1);
});

test('a stop amid a dialogue waits for its outcome: the mail is sent, and sent once', async () => {
  await using setup = await setUp();
  setup.server.slowBy(3000);
  const message = await setup.send({ text: 'slow' });
  await setup.server.count(1);

  const status = await world.server.terminate();
  await world.server.start();

  assert.equal(status, 0);
  assert.equal((await setup.tenant.hermod.messages.get(message.id)).status, 'sent');
  assert.equal(setup.server.mails.length, 1);
  assert.equal(setup.server.tries.length, 1);
});

test('no mail goes over a connection that is not secured, nor to a server of another name', async () => {
  await using plain = await setUp({ plain: true });
  const log = plain.tenant.log();

  const message = await plain.send('x');
  const attempt = async () => {
    for (let tries = 0; tries < 50; ++tries) {
      const { data } = await plain.tenant.hermod.messages.attempts(message.id).page();
      if (data.length > 0) return data;
      await log.read(1);
    }
    return [];
  };
  const attempts = await attempt();

  assert.ok(attempts.length > 0 || (await plain.tenant.hermod.accounts.get(plain.account.id)).state !== 'connected');
  assert.deepEqual(plain.server.tries, []);
});

test('credentials are never shown', async () => {
  await using setup = await setUp();

  for (const path of [`/api/v1/accounts/${setup.account.id}`, '/api/v1/accounts', '/api/v1/events?after=start'])
    assert.ok(!(await setup.tenant.raw('GET', path)).text.includes('pass word'), path);
  assert.ok(!world.server.output().includes('pass word'));
});

for (const credentials of [{}, { url: 'http://localhost' }, { url: 'smtp://' }, { url: 'smtp://localhost:99999' }, { url: 7 }, { url: 'smtp://localhost', username: 7 }, { url: 'smtp://localhost', nonsense: 1 }])
  test(`credentials ${JSON.stringify(credentials)} are refused`, async () => {
    const tenant = await world.tenant();

    const answer = await tenant.raw('POST', '/api/v1/accounts', { json: { connector: 'email', name: 'Bad', address: 'a@example.com', credentials } });

    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.body.errors[0].field, /^credentials/);
  });

/** RFC 2047, as far as we write it: UTF-8 in B or Q. */
function decodeWords(text: string): string {
  const bytes = [...text.replace(/\?=\s+=\?/g, '?==?').matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, kind, word = '']) =>
    kind?.toLowerCase() === 'b' ? Buffer.from(word, 'base64') : quotedPrintable(word.replaceAll('_', ' ')));
  return Buffer.concat(bytes).toString('utf8');
}

function quotedPrintable(text: string): Buffer {
  const parts = text.replace(/=\r\n/g, '').split(/(=[0-9A-F]{2})/i);
  return Buffer.concat(parts.map((part) => (/^=[0-9A-F]{2}$/i.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part))));
}

function decodeBody(body: string, encoding: string): string {
  const bytes = encoding.toLowerCase() === 'base64' ? Buffer.from(body, 'base64')
    : encoding.toLowerCase() === 'quoted-printable' ? quotedPrintable(body) : Buffer.from(body);
  return bytes.toString('utf8').replaceAll('\r\n', '\n').replace(/\n$/, '');
}
