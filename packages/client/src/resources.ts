import type { RouteName, Routes } from '@hermod/protocol';
import { listen, type ListenOptions } from './listen.ts';
import { createListing, type Listing } from './pages.ts';
import type { CallOptions, Input, Transport } from './transport.ts';

type Body<R extends RouteName> = Routes[R]['body'];
type Query<R extends RouteName> = Routes[R]['query'];
type Item<R extends RouteName> = Routes[R]['response'] extends { data: (infer T)[] } ? T : never;

/** The typed areas of the API, each call one route. */
export function createResources(transport: Transport) {
  const { call } = transport;

  /** A list route; `input` carries the path and the filters, the cursor is ours. */
  function list<R extends RouteName>(route: R, input: Input<R>, options?: CallOptions): Listing<Item<R>> {
    return createListing((cursor) => {
      const given = input as { query?: Record<string, unknown> };
      const page = { ...given, query: { ...given.query, ...(cursor === undefined ? {} : { cursor }) } };
      return call(route, page as unknown as Input<R>, options) as Promise<{ data: Item<R>[]; next: string | null }>;
    });
  }

  return {
    auth: {
      /** Makes a login, a workspace and its owner. Not repeated when its outcome is unknown. */
      register: (body: Body<'POST /api/v1/auth/register'>, options?: CallOptions) =>
        call('POST /api/v1/auth/register', { body }, { ...options, repeatable: false }),
      login: (body: Body<'POST /api/v1/auth/login'>, options?: CallOptions) =>
        call('POST /api/v1/auth/login', { body }, { ...options, repeatable: false }),
      /** Logs in a page of Hermod's own origin: the session is a cookie. For clients with `cookie: true`. */
      loginBrowser: (body: Body<'POST /api/v1/auth/cookie'>, options?: CallOptions) =>
        call('POST /api/v1/auth/cookie', { body }, { ...options, repeatable: false }),
      /** Goes on with a session; the refresh token is good once. Where the answer is lost it is asked for
       *  again, which the server allows for a minute. */
      refresh: (body: Body<'POST /api/v1/auth/refresh'>, options?: CallOptions) =>
        call('POST /api/v1/auth/refresh', { body }, { timeoutMs: 10_000, retries: 2, ...options }),
      logout: (options?: CallOptions) => call('POST /api/v1/auth/logout', {}, { ...options, repeatable: false }),
      /** A ticket that opens one stream within 30 seconds, as `?ticket=`. */
      streamTicket: (options?: CallOptions) => call('POST /api/v1/auth/stream_ticket', {}, options),
      /** Who the credentials are: a login with its workspaces, an API key, or an app user. */
      me: (options?: CallOptions) => call('GET /api/v1/me', {}, options),
      /** One's name or password; a new password needs the old one and ends the other sessions. */
      updateMe: (body: Body<'PATCH /api/v1/me'>, options?: CallOptions) => call('PATCH /api/v1/me', { body }, options),
      sessions: {
        list: (options?: CallOptions) => list('GET /api/v1/me/sessions', {}, options),
        end: (session_id: string, options?: CallOptions) =>
          call('DELETE /api/v1/me/sessions/{session_id}', { path: { session_id } }, options),
      },
    },

    workspaces: {
      list: (options?: CallOptions) => list('GET /api/v1/workspaces', {}, options),
      create: (body: Body<'POST /api/v1/workspaces'>, options?: CallOptions) =>
        call('POST /api/v1/workspaces', { body }, options),
      get: (workspace_id: string, options?: CallOptions) =>
        call('GET /api/v1/workspaces/{workspace_id}', { path: { workspace_id } }, options),
      update: (workspace_id: string, body: Body<'PATCH /api/v1/workspaces/{workspace_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/workspaces/{workspace_id}', { path: { workspace_id }, body }, options),
      members: (workspace_id: string, options?: CallOptions) =>
        list('GET /api/v1/workspaces/{workspace_id}/members', { path: { workspace_id } }, options),
      updateMember: (workspace_id: string, person_id: string,
        body: Body<'PATCH /api/v1/workspaces/{workspace_id}/members/{person_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/workspaces/{workspace_id}/members/{person_id}', { path: { workspace_id, person_id }, body }, options),
      /** Their access ends; their person and history stay. */
      removeMember: (workspace_id: string, person_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/workspaces/{workspace_id}/members/{person_id}', { path: { workspace_id, person_id } }, options),
    },

    auditLog: {
      /** Who did what, newest first. */
      list: (query?: Query<'GET /api/v1/audit_log'>, options?: CallOptions) =>
        list('GET /api/v1/audit_log', { query }, options),
    },

    apiKeys: {
      list: (options?: CallOptions) => list('GET /api/v1/api_keys', {}, options),
      /** The answer's `key` is shown this once. */
      create: (body: Body<'POST /api/v1/api_keys'>, options?: CallOptions) =>
        call('POST /api/v1/api_keys', { body }, options),
      /** A new secret for the same key; the old one stops working, or `overlap` seconds later. */
      rotate: (key_id: string, query?: Query<'POST /api/v1/api_keys/{key_id}/rotate'>, options?: CallOptions) =>
        call('POST /api/v1/api_keys/{key_id}/rotate', { path: { key_id }, query }, options),
      delete: (key_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/api_keys/{key_id}', { path: { key_id } }, options),
    },

    people: {
      list: (query?: Query<'GET /api/v1/people'>, options?: CallOptions) =>
        list('GET /api/v1/people', { query }, options),
      create: (body: Body<'POST /api/v1/people'>, options?: CallOptions) =>
        call('POST /api/v1/people', { body }, options),
      get: (person_id: string, options?: CallOptions) =>
        call('GET /api/v1/people/{person_id}', { path: { person_id } }, options),
      update: (person_id: string, body: Body<'PATCH /api/v1/people/{person_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/people/{person_id}', { path: { person_id }, body }, options),
      delete: (person_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/people/{person_id}', { path: { person_id } }, options),
      /** A token for the app of this user or contact, who sees and does with it what is their own. */
      createToken: (person_id: string, body: Body<'POST /api/v1/people/{person_id}/tokens'> = {}, options?: CallOptions) =>
        call('POST /api/v1/people/{person_id}/tokens', { path: { person_id }, body }, options),
      /** The person with your own id for them: made where there is none, else changed. */
      upsert: (external_id: string, body: Body<'PUT /api/v1/people/by_external_id/{external_id}'>, options?: CallOptions) =>
        call('PUT /api/v1/people/by_external_id/{external_id}', { path: { external_id }, body }, options),
      /** Merges the person in the body into the one named first, who survives. */
      merge: (person_id: string, body: Body<'POST /api/v1/people/{person_id}/merge'>, options?: CallOptions) =>
        call('POST /api/v1/people/{person_id}/merge', { path: { person_id }, body }, options),
      /** Undoes that merge, and answers with the person that is back. */
      unmerge: (person_id: string, body: Body<'POST /api/v1/people/{person_id}/unmerge'>, options?: CallOptions) =>
        call('POST /api/v1/people/{person_id}/unmerge', { path: { person_id }, body }, options),
      attributes: {
        list: (options?: CallOptions) => list('GET /api/v1/people/attributes', {}, options),
        /** Declares an attribute and its type. */
        set: (key: string, body: Body<'PUT /api/v1/people/attributes/{key}'>, options?: CallOptions) =>
          call('PUT /api/v1/people/attributes/{key}', { path: { key }, body }, options),
        delete: (key: string, options?: CallOptions) =>
          call('DELETE /api/v1/people/attributes/{key}', { path: { key } }, options),
        settings: (options?: CallOptions) => call('GET /api/v1/people/attribute_settings', {}, options),
        updateSettings: (body: Body<'PATCH /api/v1/people/attribute_settings'>, options?: CallOptions) =>
          call('PATCH /api/v1/people/attribute_settings', { body }, options),
      },
      imports: {
        /** People from CSV, worked off in the background. */
        create: (body: Body<'POST /api/v1/people/import'>, options?: CallOptions) =>
          call('POST /api/v1/people/import', { body }, options),
        get: (import_id: string, options?: CallOptions) =>
          call('GET /api/v1/people/imports/{import_id}', { path: { import_id } }, options),
        errors: (import_id: string, query?: Query<'GET /api/v1/people/imports/{import_id}/errors'>, options?: CallOptions) =>
          list('GET /api/v1/people/imports/{import_id}/errors', { path: { import_id }, query }, options),
      },
      addresses: {
        list: (person_id: string, options?: CallOptions) =>
          list('GET /api/v1/people/{person_id}/addresses', { path: { person_id } }, options),
        create: (person_id: string, body: Body<'POST /api/v1/people/{person_id}/addresses'>, options?: CallOptions) =>
          call('POST /api/v1/people/{person_id}/addresses', { path: { person_id }, body }, options),
        delete: (person_id: string, address_id: string, options?: CallOptions) =>
          call('DELETE /api/v1/people/{person_id}/addresses/{address_id}', { path: { person_id, address_id } }, options),
      },
    },

    conversations: {
      list: (query?: Query<'GET /api/v1/conversations'>, options?: CallOptions) =>
        list('GET /api/v1/conversations', { query }, options),
      create: (body: Body<'POST /api/v1/conversations'>, options?: CallOptions) =>
        call('POST /api/v1/conversations', { body }, options),
      get: (conversation_id: string, options?: CallOptions) =>
        call('GET /api/v1/conversations/{conversation_id}', { path: { conversation_id } }, options),
      update: (conversation_id: string, body: Body<'PATCH /api/v1/conversations/{conversation_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/conversations/{conversation_id}', { path: { conversation_id }, body }, options),
      delete: (conversation_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/conversations/{conversation_id}', { path: { conversation_id } }, options),
      /** Up to and with which message the caller has read and received. */
      read: (conversation_id: string, body: Body<'POST /api/v1/conversations/{conversation_id}/read'>, options?: CallOptions) =>
        call('POST /api/v1/conversations/{conversation_id}/read', { path: { conversation_id }, body }, options),
      /** The caller's own settings: muted, archived, pinned, marked as unread. */
      updateMine: (conversation_id: string, body: Body<'PATCH /api/v1/conversations/{conversation_id}/me'>, options?: CallOptions) =>
        call('PATCH /api/v1/conversations/{conversation_id}/me', { path: { conversation_id }, body }, options),
      /** What changed after a `rev`; ask again with the answer's while it `has_more`. */
      changes: (conversation_id: string, query: Query<'GET /api/v1/conversations/{conversation_id}/changes'>, options?: CallOptions) =>
        call('GET /api/v1/conversations/{conversation_id}/changes', { path: { conversation_id }, query }, options),
      participants: {
        list: (conversation_id: string, options?: CallOptions) =>
          list('GET /api/v1/conversations/{conversation_id}/participants', { path: { conversation_id } }, options),
        add: (conversation_id: string, person_id: string,
          body: Body<'PUT /api/v1/conversations/{conversation_id}/participants/{person_id}'> = {}, options?: CallOptions) =>
          call('PUT /api/v1/conversations/{conversation_id}/participants/{person_id}', { path: { conversation_id, person_id }, body }, options),
        remove: (conversation_id: string, person_id: string, options?: CallOptions) =>
          call('DELETE /api/v1/conversations/{conversation_id}/participants/{person_id}', { path: { conversation_id, person_id } }, options),
      },
      messages: {
        list: (conversation_id: string, query?: Query<'GET /api/v1/conversations/{conversation_id}/messages'>, options?: CallOptions) =>
          list('GET /api/v1/conversations/{conversation_id}/messages', { path: { conversation_id }, query }, options),
        create: (conversation_id: string, body: Body<'POST /api/v1/conversations/{conversation_id}/messages'>, options?: CallOptions) =>
          call('POST /api/v1/conversations/{conversation_id}/messages', { path: { conversation_id }, body }, options),
      },
    },

    messages: {
      list: (query?: Query<'GET /api/v1/messages'>, options?: CallOptions) =>
        list('GET /api/v1/messages', { query }, options),
      /** Sends to an address; `wait` holds the answer up to that many seconds for the outcome. */
      send: (body: Body<'POST /api/v1/messages'>, query?: Query<'POST /api/v1/messages'>, options?: CallOptions) =>
        call('POST /api/v1/messages', { body, query }, { ...options, waitMs: (query?.wait ?? 0) * 1000 }),
      get: (message_id: string, options?: CallOptions) =>
        call('GET /api/v1/messages/{message_id}', { path: { message_id } }, options),
      /** Every try to hand it to the network, with its outcome. */
      attempts: (message_id: string, options?: CallOptions) =>
        list('GET /api/v1/messages/{message_id}/attempts', { path: { message_id } }, options),
      resend: (message_id: string, options?: CallOptions) =>
        call('POST /api/v1/messages/{message_id}/resend', { path: { message_id } }, options),
      edit: (message_id: string, body: Body<'PATCH /api/v1/messages/{message_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/messages/{message_id}', { path: { message_id }, body }, options),
      /** What an edited message said before. */
      edits: (message_id: string, options?: CallOptions) =>
        list('GET /api/v1/messages/{message_id}/edits', { path: { message_id } }, options),
      delete: (message_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/messages/{message_id}', { path: { message_id } }, options),
      forward: (message_id: string, body: Body<'POST /api/v1/messages/{message_id}/forward'>, options?: CallOptions) =>
        call('POST /api/v1/messages/{message_id}/forward', { path: { message_id }, body }, options),
      react: (message_id: string, emoji: string, options?: CallOptions) =>
        call('PUT /api/v1/messages/{message_id}/reactions/{emoji}', { path: { message_id, emoji } }, options),
      unreact: (message_id: string, emoji: string, options?: CallOptions) =>
        call('DELETE /api/v1/messages/{message_id}/reactions/{emoji}', { path: { message_id, emoji } }, options),
      pin: (message_id: string, options?: CallOptions) =>
        call('PUT /api/v1/messages/{message_id}/pin', { path: { message_id } }, options),
      unpin: (message_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/messages/{message_id}/pin', { path: { message_id } }, options),
    },

    accounts: {
      list: (query?: Query<'GET /api/v1/accounts'>, options?: CallOptions) =>
        list('GET /api/v1/accounts', { query }, options),
      create: (body: Body<'POST /api/v1/accounts'>, options?: CallOptions) =>
        call('POST /api/v1/accounts', { body }, options),
      get: (account_id: string, options?: CallOptions) =>
        call('GET /api/v1/accounts/{account_id}', { path: { account_id } }, options),
      update: (account_id: string, body: Body<'PATCH /api/v1/accounts/{account_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/accounts/{account_id}', { path: { account_id }, body }, options),
      delete: (account_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/accounts/{account_id}', { path: { account_id } }, options),
      connect: (account_id: string, options?: CallOptions) =>
        call('POST /api/v1/accounts/{account_id}/connect', { path: { account_id } }, options),
      disconnect: (account_id: string, options?: CallOptions) =>
        call('POST /api/v1/accounts/{account_id}/disconnect', { path: { account_id } }, options),
      pause: (account_id: string, options?: CallOptions) =>
        call('POST /api/v1/accounts/{account_id}/pause', { path: { account_id } }, options),
      capabilities: (account_id: string, options?: CallOptions) =>
        call('GET /api/v1/accounts/{account_id}/capabilities', { path: { account_id } }, options),
    },

    webhooks: {
      list: (query?: Query<'GET /api/v1/webhooks'>, options?: CallOptions) =>
        list('GET /api/v1/webhooks', { query }, options),
      /** The answer's `secret` is shown this once. */
      create: (body: Body<'POST /api/v1/webhooks'>, options?: CallOptions) =>
        call('POST /api/v1/webhooks', { body }, options),
      get: (webhook_id: string, options?: CallOptions) =>
        call('GET /api/v1/webhooks/{webhook_id}', { path: { webhook_id } }, options),
      update: (webhook_id: string, body: Body<'PATCH /api/v1/webhooks/{webhook_id}'>, options?: CallOptions) =>
        call('PATCH /api/v1/webhooks/{webhook_id}', { path: { webhook_id }, body }, options),
      delete: (webhook_id: string, options?: CallOptions) =>
        call('DELETE /api/v1/webhooks/{webhook_id}', { path: { webhook_id } }, options),
      /** Sends it an event of its own; the answer is the delivery, to look at later. */
      test: (webhook_id: string, options?: CallOptions) =>
        call('POST /api/v1/webhooks/{webhook_id}/test', { path: { webhook_id } }, options),
      /** A new secret, shown this once; the old one signs, too, for `overlap` seconds: a day unless given. */
      rotateSecret: (webhook_id: string, query?: Query<'POST /api/v1/webhooks/{webhook_id}/rotate_secret'>, options?: CallOptions) =>
        call('POST /api/v1/webhooks/{webhook_id}/rotate_secret', { path: { webhook_id }, query }, options),
      /** Delivers past events again: those behind a cursor, or since a time. */
      replay: (webhook_id: string, body: Body<'POST /api/v1/webhooks/{webhook_id}/replay'>, options?: CallOptions) =>
        call('POST /api/v1/webhooks/{webhook_id}/replay', { path: { webhook_id }, body }, options),
      deliveries: (webhook_id: string, query?: Query<'GET /api/v1/webhooks/{webhook_id}/deliveries'>, options?: CallOptions) =>
        list('GET /api/v1/webhooks/{webhook_id}/deliveries', { path: { webhook_id }, query }, options),
    },

    deliveries: {
      get: (delivery_id: string, options?: CallOptions) =>
        call('GET /api/v1/deliveries/{delivery_id}', { path: { delivery_id } }, options),
      /** Every request that was made for it. */
      attempts: (delivery_id: string, options?: CallOptions) =>
        list('GET /api/v1/deliveries/{delivery_id}/attempts', { path: { delivery_id } }, options),
      retry: (delivery_id: string, options?: CallOptions) =>
        call('POST /api/v1/deliveries/{delivery_id}/retry', { path: { delivery_id } }, options),
      /** At most 200 dead ones at a time. */
      retryMany: (body: Body<'POST /api/v1/deliveries/retry'>, options?: CallOptions) =>
        call('POST /api/v1/deliveries/retry', { body }, options),
    },

    jobs: {
      list: (query?: Query<'GET /api/v1/jobs'>, options?: CallOptions) =>
        list('GET /api/v1/jobs', { query }, options),
      get: (job_id: string, options?: CallOptions) => call('GET /api/v1/jobs/{job_id}', { path: { job_id } }, options),
      retry: (job_id: string, options?: CallOptions) =>
        call('POST /api/v1/jobs/{job_id}/retry', { path: { job_id } }, options),
      /** At most 200 dead ones at a time. */
      retryMany: (body: Body<'POST /api/v1/jobs/retry'>, options?: CallOptions) =>
        call('POST /api/v1/jobs/retry', { body }, options),
    },

    /** What changed since a cursor, by conversation; then `conversations.changes` for each. */
    sync: (query?: Query<'GET /api/v1/sync'>, options?: CallOptions) => call('GET /api/v1/sync', { query }, options),

    events: {
      /** One page of the log after a cursor; `next` is where to go on, also on an empty page. */
      page: (query?: Query<'GET /api/v1/events'>, options?: CallOptions) =>
        call('GET /api/v1/events', { query }, { ...options, waitMs: (query?.wait ?? 0) * 1000 }),
      /** What types there are, with their schemas. */
      types: (options?: CallOptions) => call('GET /api/v1/event_types', {}, options),
      listen: (options?: ListenOptions) => listen(transport, options),
    },

    sandbox: {
      /** A message comes in, as if somebody on the sandbox network had sent it. */
      inbound: (body: Body<'POST /api/v1/sandbox/inbound'>, options?: CallOptions) =>
        call('POST /api/v1/sandbox/inbound', { body }, options),
    },
  };
}

export type Resources = ReturnType<typeof createResources>;
