export { init, sendMessage, type Client, type Message, type MessageInput, type Recipient } from './client.ts';
export { HermodError, type ClientErrorName, type FieldError } from './errors.ts';
export type { ListenOptions } from './listen.ts';
export type { Listing, Page } from './pages.ts';
export type { Resources } from './resources.ts';
export type { RetryOptions } from './retry.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
export type * from '@hermod/protocol';
