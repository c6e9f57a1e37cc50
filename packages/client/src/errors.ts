import type { ErrorName } from '@hermod/protocol';

/** What can go wrong before the server has answered, or where its answer is not Hermod's. */
export type ClientErrorName = 'connection_failed' | 'timed_out' | 'bad_response';

/** One wrong field of a request, such as `to.phone`. */
export interface FieldError {
  field: string;
  message: string;
}

export interface HermodErrorFields {
  code: ErrorName | ClientErrorName;
  status: number;
  title: string;
  detail: string | null;
  errors: FieldError[];
  requestId: string | null;
  retryAfter: number | null;
  cause?: unknown;
}

/** Every failure of a call. Branch on `code`: it is stable, the texts are for people. */
export class HermodError extends Error {
  override readonly name = 'HermodError';
  readonly code: ErrorName | ClientErrorName;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly title: string;
  readonly detail: string | null;
  readonly errors: FieldError[];
  /** Name it when you report a problem: the server's log has the rest. */
  readonly requestId: string | null;
  /** Seconds after which another try makes sense, where the server said so. */
  readonly retryAfter: number | null;

  constructor(fields: HermodErrorFields) {
    const wrong = fields.errors.map(({ field, message }) => `${field} ${message}`).join('; ');
    const detail = fields.detail === fields.title ? null : fields.detail;
    super([fields.title, detail, wrong].filter(Boolean).join(': '), { cause: fields.cause });
    this.code = fields.code;
    this.status = fields.status;
    this.title = fields.title;
    this.detail = fields.detail;
    this.errors = fields.errors;
    this.requestId = fields.requestId;
    this.retryAfter = fields.retryAfter;
  }
}

/** Seconds of a `Retry-After`, which is a number or a date; null where there is none. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (!header) return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

/** The error of an answer that is not 2xx. `text` may be anything: a proxy may have written it. */
export function errorOfResponse(response: Response, text: string): HermodError {
  const problem = parseProblem(text);
  const requestId = response.headers.get('x-request-id');
  return new HermodError({
    code: (problem?.code as ErrorName | undefined) ?? 'bad_response',
    status: response.status,
    title: problem?.title ?? `The server answered ${response.status} without a problem document`,
    detail: problem?.detail ?? null,
    errors: problem?.errors ?? [],
    requestId: problem?.request_id ?? requestId,
    retryAfter: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
  });
}

interface ProblemDocument {
  code: string;
  title: string;
  detail?: string | null;
  errors?: FieldError[];
  request_id?: string;
}

function parseProblem(text: string): ProblemDocument | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { code, title } = value as Record<string, unknown>;
    return typeof code === 'string' && typeof title === 'string' ? (value as ProblemDocument) : null;
  } catch {
    return null;
  }
}
