import type { Routes } from '@hermod/protocol';
import { createResources, type Resources } from './resources.ts';
import { createTransport, type CallOptions, type ClientOptions, type Transport } from './transport.ts';

type SendBody = Routes['POST /api/v1/messages']['body'];
export type Message = Routes['POST /api/v1/messages']['response'];

/** An address such as `+12025550100` or `ana@example.com`, or one of a named kind. */
export type Recipient = SendBody['to'];

/** What to send besides where: a text, or `type` with `content`, and everything optional. */
export type MessageInput = Omit<SendBody, 'to'> & {
  /** Seconds to hold the answer for the outcome; without it the message comes back `queued`. */
  wait?: number;
};

export interface Client extends Resources {
  /**
   * Sends one message. `connector` (`email`, `sandbox`, …) picks the network where an address
   * could go by several. Safe to repeat: one call makes one message, however often it retries.
   */
  sendMessage(to: Recipient, message: string | MessageInput, connector?: string, options?: CallOptions): Promise<Message>;
  /** Any route of the API, typed by its name: `client.call('GET /api/v1/people', {query})`. */
  call: Transport['call'];
}

let latest: Client | null = null;

/** A client of one Hermod server. The last one made is also the one of the bare `sendMessage`. */
export function init(options: ClientOptions): Client {
  const transport = createTransport(options);
  const resources = createResources(transport);
  const client: Client = {
    ...resources,
    call: transport.call,
    sendMessage(to, message, connector, callOptions) {
      const { wait, ...rest } = typeof message === 'string' ? { text: message } as MessageInput : message;
      const body = { to, ...rest, ...(connector === undefined ? {} : { connector }) } as SendBody;
      return resources.messages.send(body, wait === undefined ? undefined : { wait }, callOptions);
    },
  };
  latest = client;
  return client;
}

/** `sendMessage` of the client that `init` made last. */
export function sendMessage(...args: Parameters<Client['sendMessage']>): Promise<Message> {
  if (!latest) throw new Error('call init({ apiKey, baseUrl }) before sendMessage');
  return latest.sendMessage(...args);
}
