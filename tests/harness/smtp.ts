// A real SMTP server, with certificates made for the test, that can misbehave as networks do.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

export interface Certificates {
  /** The authority's file, for those who are to trust it. */
  caFile: string;
  keyFile: string;
  certFile: string;
  key: string;
  cert: string;
  remove(): void;
}

/** An authority and a certificate of it for localhost and 127.0.0.1. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'hermod-tls-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out', 'ca.pem',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-keyout', 'server.key', '-out', 'server.pem',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE');
  return {
    caFile: join(folder, 'ca.pem'),
    keyFile: join(folder, 'server.key'),
    certFile: join(folder, 'server.pem'),
    key: readFileSync(join(folder, 'server.key'), 'utf8'),
    cert: readFileSync(join(folder, 'server.pem'), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface Mail {
  from: string;
  to: string[];
  /** As it came over the wire. */
  raw: string;
  headers: Map<string, string>;
  body: string;
  secure: boolean;
  user: string | null;
}

export type Stage = 'connect' | 'mail' | 'rcpt' | 'data';

export interface MailServer extends AsyncDisposable {
  port: number;
  /** What was accepted, in order. */
  mails: Mail[];
  /** How many reached the end of DATA, accepted or not. */
  tries: Mail[];
  /** The answer at a stage instead of 250, such as `451 4.7.1 try again later`. */
  refuse(stage: Stage, code: number, text: string): void;
  /** The connection dies after the whole message has come and before its answer. */
  dropAfterData(): void;
  /** The answer to DATA comes this much later. */
  slowBy(ms: number): void;
  behave(): void;
  count(tries: number): Promise<void>;
}

export interface MailServerOptions {
  certificates: Certificates;
  /** TLS from the first byte (`smtps:`). */
  implicitTls?: boolean;
  user?: string;
  password?: string;
  /** Offers no STARTTLS. */
  plain?: boolean;
}

export async function startMailServer(options: MailServerOptions): Promise<MailServer> {
  const mails: Mail[] = [];
  const tries: Mail[] = [];
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let refusals = new Map<Stage, Error>();
  let dropping = false;
  let delayMs = 0;

  const refusal = (stage: Stage) => refusals.get(stage) ?? null;
  const smtp = new SMTPServer({
    secure: options.implicitTls ?? false,
    key: options.certificates.key,
    cert: options.certificates.cert,
    authOptional: options.user === undefined,
    disabledCommands: [...(options.plain ? ['STARTTLS'] : []), ...(options.user === undefined ? ['AUTH'] : [])],
    allowInsecureAuth: options.plain ?? false,
    hideSTARTTLS: options.plain ?? false,
    disableReverseLookup: true,
    logger: false,
    onConnect: (_session, callback) => callback(refusal('connect')),
    onAuth(auth, _session, callback) {
      if (auth.username === options.user && auth.password === options.password) return callback(null, { user: auth.username });
      callback(Object.assign(new Error('5.7.8 Authentication credentials invalid'), { responseCode: 535 }));
    },
    onMailFrom: (_address, _session, callback) => callback(refusal('mail')),
    onRcptTo: (_address, _session, callback) => callback(refusal('rcpt')),
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const mail = toMail(Buffer.concat(chunks).toString('utf8'), session);
        tries.push(mail);
        const error = refusal('data');
        for (const wake of waiting.splice(0)) wake();
        if (dropping) {
          for (const socket of sockets) socket.destroy();
          return;
        }
        if (!error) mails.push(mail);
        setTimeout(() => callback(error), delayMs);
      });
    },
  });
  smtp.on('error', () => {});
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const inner = (smtp.server.address() as AddressInfo).port;

  // In between, so that a connection can be cut at any byte whatever TLS wraps it.
  const front = createServer((socket) => {
    const onward = connect(inner, '127.0.0.1');
    for (const [one, other] of [[socket, onward], [onward, socket]] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => { sockets.delete(one); other.destroy(); });
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');

  return {
    port: (front.address() as AddressInfo).port,
    mails,
    tries,
    refuse(stage, code, text) {
      refusals.set(stage, Object.assign(new Error(text), { responseCode: code }));
    },
    dropAfterData: () => { dropping = true; },
    slowBy: (ms) => { delayMs = ms; },
    behave() {
      refusals = new Map();
      dropping = false;
      delayMs = 0;
    },
    async count(wanted) {
      while (tries.length < wanted) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      front.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => smtp.close(resolve));
    },
  };
}

function toMail(raw: string, session: SMTPServerSession): Mail {
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return {
    from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
    to: session.envelope.rcptTo.map(({ address }) => address),
    raw,
    headers: new Map(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    })),
    body: rest.join('\r\n\r\n'),
    secure: session.secure,
    user: typeof session.user === 'string' ? session.user : null,
  };
}
