// What a client holds that took a snapshot, and how each event changes it: the rules that a client
// of ours follows, and nothing that it would have to guess.
import type { Account, Client, Conversation, HermodEvent, Message, Person, Routes } from '@hermod/client';

type Participant = Routes['GET /api/v1/conversations/{conversation_id}/participants']['response']['data'][number];
type Attribute = Routes['GET /api/v1/people/attributes']['response']['data'][number];
type Webhook = Routes['GET /api/v1/webhooks']['response']['data'][number];
type OwnView = NonNullable<Conversation['me']>;

const settings = ({ marked_unread, archived, pinned, muted_until }: OwnView) => ({ marked_unread, archived, pinned, muted_until });

/** What an event tells of a webhook; how its deliveries go shows in its GET alone. */
const configured = ({ id, url, description, filter, state, disabled_reason, disabled_at, old_secret_ends_at }: Webhook) =>
  ({ id, url, description, filter, state, disabled_reason, disabled_at, old_secret_ends_at });

/** The stages of a snapshot, in the order in which they are fetched: none of them at once. */
export const stages = ['people', 'conversations', 'participants', 'messages', 'rest'] as const;

export class Replica {
  readonly people = new Map<string, Person>();
  readonly conversations = new Map<string, Conversation>();
  /** By conversation, then person. */
  readonly participants = new Map<string, Map<string, Participant>>();
  readonly messages = new Map<string, Message>();
  readonly own = new Map<string, ReturnType<typeof settings>>();
  readonly accounts = new Map<string, Account>();
  readonly attributes = new Map<string, Attribute>();
  readonly imports = new Map<string, unknown>();
  readonly webhooks = new Map<string, ReturnType<typeof configured>>();
  strict: unknown;
  workspace: unknown;
  readonly #hermod: Client;
  readonly #workspace: string;
  readonly #me: string;

  constructor(hermod: Client, workspace: string, me: string) {
    this.#hermod = hermod;
    this.#workspace = workspace;
    this.#me = me;
  }

  async fetch(stage: (typeof stages)[number]): Promise<void> {
    const hermod = this.#hermod;
    const gone = (error: { status?: number }) => {
      if (error.status !== 404) throw error;
    };
    if (stage === 'people') {
      for await (const one of hermod.people.list({ limit: 200 })) this.people.set(one.id, one);
    } else if (stage === 'conversations') {
      for await (const one of hermod.conversations.list({ limit: 200 })) {
        this.conversations.set(one.id, one);
        if (one.me) this.own.set(one.id, settings(one.me));
      }
    } else if (stage === 'participants') {
      for (const id of this.conversations.keys())
        await hermod.conversations.participants.list(id).page().then(({ data }) =>
          this.participants.set(id, new Map(data.map((one) => [one.person_id, one]))), gone);
    } else if (stage === 'messages') {
      for (const id of this.conversations.keys())
        await hermod.conversations.messages.list(id, { limit: 200 }).page().then(({ data }) => data.forEach((one) => this.messages.set(one.id, one)), gone);
    } else {
      for await (const one of hermod.accounts.list({ limit: 200 })) this.accounts.set(one.id, one);
      for await (const one of hermod.people.attributes.list()) this.attributes.set(one.key, one);
      for await (const one of hermod.webhooks.list()) this.webhooks.set(one.id, configured(one));
      this.strict = await hermod.people.attributes.settings();
      this.workspace = await hermod.workspaces.get(this.#workspace);
    }
  }

  apply(event: HermodEvent): void {
    switch (event.type) {
      case 'person.created':
      case 'person.updated':
        return this.#person(event.data.person);
      case 'person.deleted':
        this.people.delete(event.data.person.id);
        return this.#rename(event.data.person.id, null);
      case 'person.merged':
        this.people.delete(event.data.merged_person_id);
        for (const message of this.messages.values())
          if (message.from.person_id === event.data.merged_person_id) {
            message.written_as ??= message.from.person_id;
            message.from.person_id = event.data.person.id;
          }
        return this.#person(event.data.person);
      case 'person.unmerged': {
        const { person, aliases } = event.data;
        for (const message of this.messages.values()) {
          const author = message.written_as ?? message.from.person_id;
          if (author !== person.id && !aliases.includes(author)) continue;
          message.from.person_id = person.id;
          message.written_as = author === person.id ? null : author;
        }
        return this.#person(person);
      }
      case 'conversation.created':
      case 'conversation.updated': {
        const { conversation } = event.data;
        if ((this.conversations.get(conversation.id)?.rev ?? -1) < conversation.rev) this.conversations.set(conversation.id, conversation);
        return;
      }
      case 'conversation.deleted': {
        const { id } = event.data.conversation;
        for (const held of [this.conversations, this.participants, this.own]) held.delete(id);
        for (const message of this.messages.values()) if (message.conversation_id === id) this.messages.delete(message.id);
        return;
      }
      case 'participant.added': {
        const { participant } = event.data;
        this.#touch(event);
        this.#place(event.conversation_id, participant.person_id, participant);
        return;
      }
      case 'participant.removed':
        this.#touch(event);
        this.participants.get(event.conversation_id ?? '')?.delete(event.data.participant.person_id);
        if (event.data.participant.person_id === this.#me) this.own.delete(event.conversation_id ?? '');
        return;
      case 'receipt.updated':
        if (this.participants.get(event.conversation_id ?? '')?.has(event.data.person_id)) this.#place(event.conversation_id, event.data.person_id, event.data);
        return;
      case 'conversation.me_updated':
        if (event.data.person_id === this.#me) this.own.set(event.conversation_id ?? '', settings(event.data.me));
        return;
      case 'message.created':
      case 'message.updated':
      case 'message.deleted':
      case 'message.status':
      case 'reaction.added':
      case 'reaction.removed':
        return this.#message(event, event.data.message);
      case 'account.state':
        this.accounts.set(event.data.account.id, event.data.account);
        return;
      case 'attribute.updated':
        this.attributes.set(event.data.attribute.key, event.data.attribute);
        return;
      case 'attribute.deleted':
        this.attributes.delete(event.data.attribute.key);
        return;
      case 'attribute_settings.updated':
        this.strict = event.data.attribute_settings;
        return;
      case 'import.finished':
        this.imports.set(event.data.import.id, event.data.import);
        return;
      case 'webhook.created':
      case 'webhook.updated':
      case 'webhook.disabled':
      case 'webhook.test':
        this.webhooks.set(event.data.webhook.id, configured(event.data.webhook));
        return;
      case 'webhook.deleted':
        this.webhooks.delete(event.data.webhook.id);
        return;
      case 'workspace.updated':
        this.workspace = event.data.workspace;
        return;
      default:
        throw new Error(`no rule for ${(event as { type: string }).type}`);
    }
  }

  /** All of it, as JSON; what is derived is worked out. */
  view() {
    const listed = <T>(of: Map<string, T>) => Object.fromEntries([...of].sort(([a], [b]) => (a < b ? -1 : 1)));
    const held = [...this.conversations.values()].map((one) => ({ ...one, rev: undefined, ...this.#derived(one.id) }));
    return {
      people: listed(this.people),
      conversations: listed(new Map(held.map((one) => [one.id, one]))),
      participants: listed(new Map([...this.participants].map(([id, people]) => [id, listed(people)]))),
      messages: listed(this.messages),
      accounts: listed(this.accounts),
      attributes: listed(this.attributes),
      webhooks: listed(this.webhooks),
      strict: this.strict,
      workspace: this.workspace,
    };
  }

  /** What one has not read, by looking at every message. */
  #derived(id: string) {
    const mine = this.participants.get(id)?.get(this.#me);
    const own = this.own.get(id);
    if (!mine) return { unread: null, me: null };
    const unread = [...this.messages.values()].filter((one) =>
      one.conversation_id === id && one.seq > mine.read_seq && one.from.person_id !== this.#me && !one.silent && !one.deleted_at);
    const mentions = unread.filter((one) => one.mentions.includes(this.#me)).length;
    return { unread: unread.length, me: { marked_unread: false, archived: false, pinned: false, muted_until: null, ...own, mentions } };
  }

  #person(person: Person): void {
    const held = this.people.get(person.id);
    if (held && held.updated_at > person.updated_at) return;
    this.people.set(person.id, person);
    this.#rename(person.id, person.name);
  }

  #rename(id: string, name: string | null): void {
    for (const message of this.messages.values()) if (message.from.person_id === id) message.from.name = name;
  }

  #touch(event: HermodEvent): void {
    const conversation = this.conversations.get(event.conversation_id ?? '');
    if (conversation && conversation.updated_at < event.created_at) conversation.updated_at = event.created_at;
  }

  /** Cursors go forward only. */
  #place(conversation: string | null, person: string, more: Partial<Participant>): void {
    const people = this.participants.get(conversation ?? '') ?? new Map<string, Participant>();
    this.participants.set(conversation ?? '', people);
    const held = people.get(person);
    people.set(person, { ...held, ...more, person_id: person,
      recv_seq: Math.max(held?.recv_seq ?? 0, more.recv_seq ?? 0), read_seq: Math.max(held?.read_seq ?? 0, more.read_seq ?? 0) } as Participant);
  }

  #message(event: HermodEvent, message: Message): void {
    this.#touch(event);
    const conversation = this.conversations.get(message.conversation_id);
    if (conversation) {
      conversation.seq = Math.max(conversation.seq, message.seq);
      conversation.rev = Math.max(conversation.rev, message.rev);
    }
    // What is held may be newer than the event: a snapshot taken since.
    if ((this.messages.get(message.id)?.rev ?? -1) < message.rev) this.messages.set(message.id, message);
    // What one answers to, one has read.
    if (event.type === 'message.created' && this.participants.get(message.conversation_id)?.has(message.from.person_id))
      this.#place(message.conversation_id, message.from.person_id, { recv_seq: message.seq, read_seq: message.seq });
  }
}
