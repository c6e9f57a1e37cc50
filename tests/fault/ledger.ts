// What left Hermod, kept outside of it: a network for sandbox accounts that refuses, drops and is
// slow, as networks are, and drops the double of an id as its contract says.
import assert from 'node:assert/strict';
import { accept, startNetwork, type SandboxNetwork } from '../harness/sandbox-network.ts';
import type { Random } from './random.ts';

interface Delivery {
  id: string;
  to: string;
  /** The life of the server it came from. */
  life: number;
  answer: 'taken' | 'refused' | 'dropped';
}

export interface Ledger extends AsyncDisposable {
  url: string;
  /** All that came, repeats included. */
  deliveries: Delivery[];
  /** To be counted up when the server starts anew. */
  life: number;
  /** Ids taken for that number, in the order in which each was taken first. */
  takenBy(to: string): string[];
  /** Throws where a life of the server repeated what it knew to be taken. */
  checkRepeats(): void;
}

export async function startLedger(random: Random): Promise<Ledger> {
  const network: SandboxNetwork = await startNetwork();
  const deliveries: Delivery[] = [];
  const troubled = new Set<string>();

  network.react = (message, response) => {
    // Trouble comes to one message once: its retry must not wait longer than order is kept for.
    const chance = troubled.has(message.id) ? 1 : random();
    const answer = chance < 0.1 ? 'refused' : chance < 0.15 ? 'dropped' : 'taken';
    if (answer !== 'taken') troubled.add(message.id);
    deliveries.push({ id: message.id, to: message.to, life: ledger.life, answer });
    if (answer === 'refused') response.writeHead(503).end();
    else if (answer === 'dropped') response.destroy(); // taken, and the answer is lost
    else setTimeout(() => accept(message, response), random() * 30);
  };

  const ledger: Ledger = {
    url: network.url,
    deliveries,
    life: 1,
    takenBy(to) {
      const taken = deliveries.filter((one) => one.to === to && one.answer !== 'refused');
      return [...new Set(taken.map(({ id }) => id))];
    },
    checkRepeats() {
      const takenIn = new Map<string, number>();
      for (const { id, life, answer } of deliveries) {
        assert.notEqual(takenIn.get(id), life, `${id} was sent again in the life that had it taken`);
        if (answer === 'taken') takenIn.set(id, life);
      }
    },
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
  return ledger;
}
