// The endpoints: a program of ours that answers each delivery after 20 ms and measures.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { responder } from '../lib/paths.mjs';
import { freePort } from '../lib/process.mjs';

export const answerMs = 20;

export class Receiver {
  static async start(dead) {
    const receiver = new Receiver();
    receiver.port = await freePort();
    receiver.child = spawn(responder, ['--port', receiver.port, '--delay-ms', answerMs, '--dead', dead].map(String), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    receiver.lines = createInterface({ input: receiver.child.stdout });
    receiver.waiting = [];
    receiver.lines.on('line', (line) => receiver.#take(JSON.parse(line)));
    await Promise.race([receiver.count(), once(receiver.child, 'close').then(() => Promise.reject(new Error('the responder ended')))]);
    return receiver;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Deliveries that healthy endpoints have had so far. */
  count() {
    return this.#ask('count', 'number');
  }

  /** Measures from now on: `{warm_up_ms, window_ms, server_pid, database_pid}` → the report. */
  measure(plan) {
    return this.#ask(`measure ${JSON.stringify(plan)}`, 'object');
  }

  async stop() {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, 'close');
  }

  /** Counts are numbers, reports objects: so each answer finds its question. */
  #ask(line, kind) {
    return new Promise((resolve) => {
      this.waiting.push({ kind, resolve });
      this.child.stdin.write(`${line}\n`);
    });
  }

  #take(answer) {
    const at = this.waiting.findIndex(({ kind }) => kind === typeof answer);
    const [question] = this.waiting.splice(at, 1);
    question.resolve(answer);
  }
}
